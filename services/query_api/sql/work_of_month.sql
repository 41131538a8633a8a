-- Work of a month by worker, to be read as a stream: as floor_work, one worker's rows together.
SELECT emitter AS platform, worker, day, residence, task_group::text AS task_group, currency,
       $work_sums
FROM work_by_worker AS w
JOIN worker USING (worker_code)
JOIN emitter ON emitter.emitter_code = worker.emitter_code
WHERE day >= CAST(:first AS date) AND day <= CAST(:last AS date)
GROUP BY worker_code, 1, 2, 3, 4, 5, 6
ORDER BY worker_code
