-- One row for each assignment: the first that was seen.
INSERT INTO assignment (
    task, worker, hit, accepted, submitted, seconds, amount, currency, amount_is_bad, sandbox,
    status, meaning, approved_at, rejected_at, feedback, page, residence, task_group, utc_assumed,
    approved_assumed, rejected_assumed, paid_otherwise, handed_in
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task) DO NOTHING
