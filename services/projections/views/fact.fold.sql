-- Keeps the head of every event that is no repeat (`repeat` runs before). The facts stand in the
-- order of the batch, in which COPY may have put a short row into an earlier page: nothing relies on it.
INSERT INTO fact
SELECT event_number, leaf_index, digest, recorded_day, emitter_code, type, task_group, rail, decided_by,
       kind, worker_code, day, seconds, amount, n, sandbox, currency, residence, event_id, task,
       contract, reason, fee, tax, withheld, net
FROM batch WHERE digest IS NOT NULL AND NOT repeat
