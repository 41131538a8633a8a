-- Work of residents and of those whose residence is unstated, by worker and work day. Time of no
-- task stands apart. Filters may be null; :country is the policy's.
WITH $batch, $work_by_worker
SELECT emitter AS platform, worker, day, residence, task_group::text AS task_group, currency,
       $work_sums
FROM work_by_worker_at AS w
JOIN worker USING (worker_code)
JOIN emitter ON emitter.emitter_code = worker.emitter_code
WHERE (CAST(:platform AS text) IS NULL OR emitter = CAST(:platform AS text))
    AND (CAST(:worker AS text) IS NULL OR worker = CAST(:worker AS text))
    AND day >= CAST(:first AS date) AND day <= CAST(:last AS date)
    AND (residence = '' OR left(residence, 2) = CAST(:country AS text))
GROUP BY 1, 2, 3, 4, 5, 6
