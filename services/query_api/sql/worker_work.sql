-- Work of one worker by period. :by day or month; filters may be null.
WITH $batch, $work_by_worker
SELECT left(day::text, CASE WHEN CAST(:by AS text) = 'day' THEN 10 ELSE 7 END) AS period, currency,
       coalesce(sum(completed), 0) AS completed, coalesce(sum(approved), 0) AS approved,
       coalesce(sum(rejected), 0) AS rejected, coalesce(sum(returned), 0) AS returned,
       coalesce(sum(expired), 0) AS expired, coalesce(sum(aborted), 0) AS aborted,
       coalesce(sum(worked_seconds), 0) AS worked_seconds,
       coalesce(sum(paid_seconds), 0) AS paid_seconds,
       coalesce(sum(paid_unstated_seconds), 0) AS paid_unstated_seconds,
       coalesce(sum(rejected_seconds), 0) AS rejected_seconds,
       coalesce(sum(not_submitted_seconds), 0) AS not_submitted_seconds,
       coalesce(sum(fault_seconds), 0) AS fault_seconds,
       coalesce(sum(search_seconds), 0) AS search_seconds,
       coalesce(sum(qualification_seconds), 0) AS qualification_seconds,
       coalesce(sum(waiting_seconds), 0) AS waiting_seconds, coalesce(sum(earned), 0) AS earned
FROM work_by_worker_at
WHERE worker_code = :worker_code
    AND (CAST(:first AS date) IS NULL OR day >= CAST(:first AS date))
    AND (CAST(:last AS date) IS NULL OR day <= CAST(:last AS date))
GROUP BY 1, 2
ORDER BY 1, 2
