-- All assignments, in the order in which they came.
SELECT
    task, worker, hit, accepted, submitted, seconds, amount, currency, amount_is_bad, sandbox,
    status, meaning, approved_at, rejected_at, feedback, page, residence, task_group, utc_assumed,
    approved_assumed, rejected_assumed, paid_otherwise
FROM assignment
ORDER BY n
