-- Adds to the batch the exact negative of what stood before each correction, recorded on the
-- correction's own day. What stood is the event's head, or the version that the last correction
-- of it put in place (none, if that one cancelled).
WITH standing AS (
    SELECT event_number, original, version, type, worker_code, task, contract, residence,
           task_group, currency, rail, day, kind, n, seconds, amount, fee, tax, withheld, net,
           reason, decided_by, sandbox
    FROM fact WHERE event_id IS NOT NULL OR version = 1
    UNION ALL
    SELECT event_number, original, version, type, worker_code, task, contract, residence,
           task_group, currency, rail, day, kind, n, seconds, amount, fee, tax, withheld, net,
           reason, decided_by, sandbox
    FROM batch WHERE corrects_id IS NOT NULL AND replaces IS NOT NULL AND rule IS NULL
)
INSERT INTO batch (event_number, leaf_index, recorded_day, emitter_code, type, worker_code, task,
                   contract, residence, task_group, currency, rail, day, kind, n, seconds, amount,
                   fee, tax, withheld, net, reason, decided_by, sandbox, original, version)
SELECT c.event_number, c.leaf_index, c.recorded_day, c.emitter_code, s.type, s.worker_code, s.task,
       s.contract, s.residence, s.task_group, s.currency, s.rail, s.day, s.kind, -s.n, -s.seconds,
       -s.amount, -s.fee, -s.tax, -s.withheld, -s.net, s.reason, s.decided_by, s.sandbox,
       c.original, -1
FROM batch AS c
JOIN standing AS s ON s.event_number = c.previous
    AND (s.version = 1 AND s.original = c.original
         OR s.version IS NULL AND s.event_number = c.original)
WHERE c.corrects_id IS NOT NULL AND c.rule IS NULL AND NOT c.repeat
