-- work_by_worker in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, worker, day, task_group::text AS task_group, currency, residence, recorded_day,
       coalesce(completed, 0) AS completed, coalesce(approved, 0) AS approved,
       coalesce(rejected, 0) AS rejected, coalesce(returned, 0) AS returned,
       coalesce(expired, 0) AS expired, coalesce(aborted, 0) AS aborted,
       coalesce(worked_seconds, 0) AS worked_seconds, coalesce(paid_seconds, 0) AS paid_seconds,
       coalesce(paid_unstated_seconds, 0) AS paid_unstated_seconds,
       coalesce(rejected_seconds, 0) AS rejected_seconds,
       coalesce(not_submitted_seconds, 0) AS not_submitted_seconds,
       coalesce(fault_seconds, 0) AS fault_seconds, coalesce(search_seconds, 0) AS search_seconds,
       coalesce(qualification_seconds, 0) AS qualification_seconds,
       coalesce(waiting_seconds, 0) AS waiting_seconds, coalesce(earned, 0) AS earned
FROM work_by_worker
JOIN worker USING (worker_code)
JOIN emitter USING (emitter_code)
ORDER BY emitter, worker, day, task_group, currency, residence, recorded_day
