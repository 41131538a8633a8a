-- Adds the batch's work to work_by_worker. Safe to run twice only with the cursor, which moves in the
-- same transaction. Sorted by key, so that two writers could never deadlock.
INSERT INTO work_by_worker
SELECT emitter_code, worker_code, day, task_group, currency, residence, recorded_day,
       coalesce(sum(n) FILTER (WHERE kind = 'completed'), 0),
       coalesce(sum(n) FILTER (WHERE kind IN ('approved', 'approved-unstated')), 0),
       coalesce(sum(n) FILTER (WHERE kind IN ('rejected', 'rejected-taken-back', 'rejected-paid')), 0),
       coalesce(sum(n) FILTER (WHERE kind = 'returned'), 0),
       coalesce(sum(n) FILTER (WHERE kind = 'expired'), 0),
       coalesce(sum(n) FILTER (WHERE kind = 'aborted'), 0),
       coalesce(sum(seconds) FILTER (WHERE kind = 'completed'), 0),
       coalesce(sum(CASE kind WHEN 'approved' THEN seconds WHEN 'rejected-taken-back' THEN -seconds END), 0),
       coalesce(sum(seconds) FILTER (WHERE kind = 'approved-unstated'), 0),
       coalesce(sum(seconds) FILTER (WHERE kind IN ('rejected', 'rejected-taken-back')), 0),
       coalesce(sum(seconds) FILTER (WHERE kind IN ('returned', 'expired')), 0),
       coalesce(sum(seconds) FILTER (WHERE kind = 'aborted'), 0),
       coalesce(sum(seconds) FILTER (WHERE kind = 'search'), 0),
       coalesce(sum(seconds) FILTER (WHERE kind = 'qualification'), 0),
       coalesce(sum(seconds) FILTER (WHERE kind = 'waiting'), 0),
       coalesce(sum(amount), 0)
FROM batch
WHERE kind < 'payment' AND NOT repeat AND NOT sandbox AND rule IS NULL
GROUP BY emitter_code, worker_code, day, task_group, currency, residence, recorded_day
ORDER BY worker_code, day, task_group, currency, residence, recorded_day
ON CONFLICT (worker_code, day, task_group, currency, residence, recorded_day) DO UPDATE SET
    completed = work_by_worker.completed + excluded.completed,
    approved = work_by_worker.approved + excluded.approved,
    rejected = work_by_worker.rejected + excluded.rejected,
    returned = work_by_worker.returned + excluded.returned,
    expired = work_by_worker.expired + excluded.expired,
    aborted = work_by_worker.aborted + excluded.aborted,
    worked_seconds = work_by_worker.worked_seconds + excluded.worked_seconds,
    paid_seconds = work_by_worker.paid_seconds + excluded.paid_seconds,
    paid_unstated_seconds = work_by_worker.paid_unstated_seconds + excluded.paid_unstated_seconds,
    rejected_seconds = work_by_worker.rejected_seconds + excluded.rejected_seconds,
    not_submitted_seconds = work_by_worker.not_submitted_seconds + excluded.not_submitted_seconds,
    fault_seconds = work_by_worker.fault_seconds + excluded.fault_seconds,
    search_seconds = work_by_worker.search_seconds + excluded.search_seconds,
    qualification_seconds = work_by_worker.qualification_seconds + excluded.qualification_seconds,
    waiting_seconds = work_by_worker.waiting_seconds + excluded.waiting_seconds,
    earned = work_by_worker.earned + excluded.earned
