-- Adds the batch's work to work_by_worker. Safe to run twice only with the cursor, which moves in the
-- same transaction. Each row is looked for by its key, in the key's order; nobody else writes, so no
-- insert need be ready for a rival's, which is what ON CONFLICT costs.
MERGE INTO work_by_worker AS w USING (
    SELECT worker_code, day, recorded_day, task_group, currency, residence,
           sum(n) FILTER (WHERE kind = 'completed') AS completed,
           sum(n) FILTER (WHERE kind IN ('approved', 'approved-unstated')) AS approved,
           sum(n) FILTER (WHERE kind IN ('rejected', 'rejected-taken-back', 'rejected-paid'))
               AS rejected,
           sum(n) FILTER (WHERE kind = 'returned') AS returned,
           sum(n) FILTER (WHERE kind = 'expired') AS expired,
           sum(n) FILTER (WHERE kind = 'aborted') AS aborted,
           sum(seconds) FILTER (WHERE kind = 'completed') AS worked_seconds,
           sum(CASE kind WHEN 'approved' THEN seconds WHEN 'rejected-taken-back' THEN -seconds END)
               AS paid_seconds,
           sum(seconds) FILTER (WHERE kind = 'approved-unstated') AS paid_unstated_seconds,
           sum(seconds) FILTER (WHERE kind IN ('rejected', 'rejected-taken-back')) AS rejected_seconds,
           sum(seconds) FILTER (WHERE kind IN ('returned', 'expired')) AS not_submitted_seconds,
           sum(seconds) FILTER (WHERE kind = 'aborted') AS fault_seconds,
           sum(seconds) FILTER (WHERE kind = 'search') AS search_seconds,
           sum(seconds) FILTER (WHERE kind = 'qualification') AS qualification_seconds,
           sum(seconds) FILTER (WHERE kind = 'waiting') AS waiting_seconds,
           sum(amount) AS earned
    FROM batch
    WHERE kind < 'payment' AND NOT repeat AND NOT sandbox AND rule IS NULL
    GROUP BY worker_code, day, recorded_day, task_group, currency, residence
    ORDER BY worker_code, day
) AS added ON
    w.worker_code = added.worker_code
    AND w.day = added.day
    AND w.recorded_day = added.recorded_day
    AND w.task_group = added.task_group
    AND w.currency = added.currency
    AND w.residence = added.residence
WHEN MATCHED THEN UPDATE SET
    completed = coalesce(w.completed + added.completed, w.completed, added.completed),
    approved = coalesce(w.approved + added.approved, w.approved, added.approved),
    rejected = coalesce(w.rejected + added.rejected, w.rejected, added.rejected),
    returned = coalesce(w.returned + added.returned, w.returned, added.returned),
    expired = coalesce(w.expired + added.expired, w.expired, added.expired),
    aborted = coalesce(w.aborted + added.aborted, w.aborted, added.aborted),
    worked_seconds = coalesce(
        w.worked_seconds + added.worked_seconds, w.worked_seconds, added.worked_seconds),
    paid_seconds = coalesce(w.paid_seconds + added.paid_seconds, w.paid_seconds, added.paid_seconds),
    paid_unstated_seconds = coalesce(
        w.paid_unstated_seconds + added.paid_unstated_seconds, w.paid_unstated_seconds, added.paid_unstated_seconds),
    rejected_seconds = coalesce(
        w.rejected_seconds + added.rejected_seconds, w.rejected_seconds, added.rejected_seconds),
    not_submitted_seconds = coalesce(
        w.not_submitted_seconds + added.not_submitted_seconds, w.not_submitted_seconds, added.not_submitted_seconds),
    fault_seconds = coalesce(
        w.fault_seconds + added.fault_seconds, w.fault_seconds, added.fault_seconds),
    search_seconds = coalesce(
        w.search_seconds + added.search_seconds, w.search_seconds, added.search_seconds),
    qualification_seconds = coalesce(
        w.qualification_seconds + added.qualification_seconds, w.qualification_seconds, added.qualification_seconds),
    waiting_seconds = coalesce(
        w.waiting_seconds + added.waiting_seconds, w.waiting_seconds, added.waiting_seconds),
    earned = coalesce(w.earned + added.earned, w.earned, added.earned)
WHEN NOT MATCHED THEN INSERT VALUES (
    added.worker_code, added.day, added.recorded_day, added.task_group, added.currency,
    added.residence, added.completed, added.approved, added.rejected, added.returned,
    added.expired, added.aborted, added.worked_seconds, added.paid_seconds,
    added.paid_unstated_seconds, added.rejected_seconds, added.not_submitted_seconds,
    added.fault_seconds, added.search_seconds, added.qualification_seconds, added.waiting_seconds,
    added.earned
)
