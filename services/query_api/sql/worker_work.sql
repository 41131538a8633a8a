-- Work of one worker by period. :by day or month; filters may be null.
WITH $batch, $work_by_worker
SELECT left(day::text, CASE WHEN CAST(:by AS text) = 'day' THEN 10 ELSE 7 END) AS period, currency,
       sum(completed) AS completed, sum(approved) AS approved, sum(rejected) AS rejected,
       sum(returned) AS returned, sum(expired) AS expired, sum(aborted) AS aborted,
       sum(worked_seconds) AS worked_seconds, sum(paid_seconds) AS paid_seconds,
       sum(paid_unstated_seconds) AS paid_unstated_seconds,
       sum(rejected_seconds) AS rejected_seconds,
       sum(not_submitted_seconds) AS not_submitted_seconds, sum(fault_seconds) AS fault_seconds,
       sum(search_seconds) AS search_seconds,
       sum(qualification_seconds) AS qualification_seconds,
       sum(waiting_seconds) AS waiting_seconds, sum(earned) AS earned
FROM work_by_worker_at
WHERE worker_code = :worker_code
    AND (CAST(:first AS date) IS NULL OR day >= CAST(:first AS date))
    AND (CAST(:last AS date) IS NULL OR day <= CAST(:last AS date))
GROUP BY 1, 2
ORDER BY 1, 2
