-- Workers of each platform, or of one, by when they were first recorded.
SELECT emitter AS platform, count(*) AS workers
FROM worker JOIN emitter USING (emitter_code)
WHERE (CAST(:platform AS text) IS NULL OR emitter = CAST(:platform AS text))
    AND (first_recorded_day >= :since AND first_recorded_day < :before
         OR CAST(:leaf AS bigint) >= 0 AND first_recorded_day = :before AND EXISTS (
             SELECT FROM fact WHERE fact.worker_code = worker.worker_code
                 AND leaf_index <= :leaf))
GROUP BY 1
