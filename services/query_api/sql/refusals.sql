-- Rejections of one platform by reason and by who decided. Filters may be null.
WITH $batch, $refusal_by_platform
SELECT nullif(reason, '') AS reason, nullif(decided_by::text, 'unstated') AS decided_by,
       sum(rejected)::bigint AS rejected, sum(seconds)::bigint AS seconds
FROM refusal_by_platform_at JOIN emitter USING (emitter_code)
WHERE emitter = :platform
    AND (CAST(:task_group AS text) IS NULL OR task_group::text = CAST(:task_group AS text))
    AND (CAST(:first AS date) IS NULL OR day >= CAST(:first AS date))
    AND (CAST(:last AS date) IS NULL OR day <= CAST(:last AS date))
GROUP BY 1, 2
ORDER BY 1 NULLS FIRST, 2 NULLS FIRST
