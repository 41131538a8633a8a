-- Rejections that were overturned.
SELECT
    task, worker, hit, accepted, submitted, seconds, amount, currency, amount_is_bad, sandbox,
    status, meaning, approved_at, rejected_at, feedback, page, residence, task_group, utc_assumed,
    approved_assumed, rejected_assumed, paid_otherwise
FROM assignment
WHERE meaning = 'approved' AND rejected_at IS NOT NULL
ORDER BY coalesce(approved_at, submitted, accepted), task
