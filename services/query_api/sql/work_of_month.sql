-- Work of a month by worker, to be read as a stream: as floor_work, one worker's rows together.
SELECT emitter AS platform, worker, day, residence, task_group::text AS task_group, currency,
       coalesce(sum(paid_seconds), 0)::bigint AS paid,
       (coalesce(sum(rejected_seconds), 0) + coalesce(sum(not_submitted_seconds), 0)
        + coalesce(sum(fault_seconds), 0))::bigint AS unpaid,
       (coalesce(sum(search_seconds), 0) + coalesce(sum(qualification_seconds), 0)
        + coalesce(sum(waiting_seconds), 0))::bigint AS outside,
       coalesce(sum(earned), 0) AS earned
FROM work_by_worker AS w
JOIN worker USING (worker_code)
JOIN emitter ON emitter.emitter_code = worker.emitter_code
WHERE day >= CAST(:first AS date) AND day <= CAST(:last AS date)
GROUP BY worker_code, 1, 2, 3, 4, 5, 6
ORDER BY worker_code
