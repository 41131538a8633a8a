-- Keeps the head of every event. An id that stands already is left out here and marked by
-- `repeat`; so a second run of the same leaves adds nothing. Of two with one id the first is to stay,
-- and only a sort says which that is: COPY puts a short row into any page that has room for it.
INSERT INTO fact
SELECT event_number, leaf_index, recorded_day, emitter_code, type, event_id, digest, worker_code,
       task, contract, residence, task_group, currency, rail, day, kind, n, seconds, amount, fee,
       tax, withheld, net, reason, decided_by, sandbox
FROM batch WHERE event_id IS NOT NULL
ORDER BY event_number
ON CONFLICT (emitter_code, event_id) WHERE event_id IS NOT NULL DO NOTHING
