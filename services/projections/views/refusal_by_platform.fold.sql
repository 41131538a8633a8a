-- Adds the batch's rejections by reason, together with the cursor.
INSERT INTO refusal_by_platform
SELECT emitter_code, day, task_group, coalesce(reason, ''), decided_by, recorded_day,
       sum(n), coalesce(sum(seconds), 0)
FROM batch
WHERE kind IN ('rejected', 'rejected-taken-back', 'rejected-paid')
    AND NOT repeat AND NOT sandbox AND rule IS NULL
GROUP BY emitter_code, day, task_group, coalesce(reason, ''), decided_by, recorded_day
ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (emitter_code, day, task_group, reason, decided_by, recorded_day) DO UPDATE SET
    rejected = refusal_by_platform.rejected + excluded.rejected,
    seconds = refusal_by_platform.seconds + excluded.seconds
