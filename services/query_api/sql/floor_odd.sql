-- Work of some workers' days, each of residents or of those who state no residence: as floor_work.
WITH $batch, $work_by_worker
SELECT emitter AS platform, worker, day, residence, task_group::text AS task_group, currency,
       $work_sums
FROM unnest(CAST(:codes AS integer[]), CAST(:days AS date[]), CAST(:residents AS boolean[]))
    AS asked(worker_code, day, resident)
JOIN work_by_worker_at AS w USING (worker_code, day)
JOIN worker USING (worker_code)
JOIN emitter ON emitter.emitter_code = worker.emitter_code
WHERE (residence <> '') = resident
    AND (residence = '' OR left(residence, 2) = CAST(:country AS text))
GROUP BY 1, 2, 3, 4, 5, 6
