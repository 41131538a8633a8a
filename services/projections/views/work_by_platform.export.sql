-- work_by_platform in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, day, task_group::text AS task_group, currency, residence, recorded_day,
       completed, approved, rejected, returned, expired, aborted, worked_seconds, paid_seconds, paid_unstated_seconds, rejected_seconds, not_submitted_seconds, fault_seconds, search_seconds, qualification_seconds, waiting_seconds, earned
FROM work_by_platform JOIN emitter USING (emitter_code)
ORDER BY emitter, day, task_group, currency, residence, recorded_day
