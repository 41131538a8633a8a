-- Keeps the head of every event that is no repeat (`repeat` runs before). The facts stand in the
-- order of the batch, in which COPY may have put a short row into an earlier page: nothing relies on it.
INSERT INTO fact
SELECT event_number, leaf_index, recorded_day, emitter_code, type, event_id, digest, worker_code,
       task, contract, residence, task_group, currency, rail, day, kind, n, seconds, amount, fee,
       tax, withheld, net, reason, decided_by, sandbox
FROM batch WHERE digest IS NOT NULL AND NOT repeat
