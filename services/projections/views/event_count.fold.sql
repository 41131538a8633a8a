-- Counts the batch's events that are no repeat, together with the cursor.
INSERT INTO event_count
SELECT emitter_code, type, recorded_day, sandbox, count(*)
FROM batch WHERE digest IS NOT NULL AND NOT repeat
GROUP BY emitter_code, type, recorded_day, sandbox
ORDER BY 1, 2, 3, 4
ON CONFLICT (emitter_code, type, recorded_day, sandbox) DO UPDATE SET
    n = event_count.n + excluded.n
