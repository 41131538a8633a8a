-- Adds to the batch the exact negative of what stood before each correction, recorded on the
-- correction's own day. What stood is the event's head, or the version that the last correction
-- of it put in place, in the facts or earlier in this batch (none, if that one cancelled). Each
-- is found by its own index: a join by event number would read all facts.
INSERT INTO batch (event_number, leaf_index, recorded_day, emitter_code, original, type,
                   worker_code, task, contract, residence, task_group, currency, rail, day, kind,
                   n, seconds, amount, fee, tax, withheld, net, reason, decided_by, sandbox, version)
WITH correction AS NOT MATERIALIZED (
    SELECT event_number, leaf_index, recorded_day, emitter_code, corrects_id, original, previous
    FROM batch WHERE corrects_id IS NOT NULL AND rule IS NULL AND NOT repeat
), stood AS (
    SELECT c.event_number, c.leaf_index, c.recorded_day, c.emitter_code, c.original, s.type,
           s.worker_code, s.task, s.contract, s.residence, s.task_group, s.currency, s.rail, s.day,
           s.kind, s.n, s.seconds, s.amount, s.fee, s.tax, s.withheld, s.net, s.reason,
           s.decided_by, s.sandbox
    FROM correction AS c
    JOIN fact AS s ON s.emitter_code = c.emitter_code AND s.event_id = c.corrects_id
    WHERE c.previous = c.original
    UNION ALL
    SELECT c.event_number, c.leaf_index, c.recorded_day, c.emitter_code, c.original, s.type,
           s.worker_code, s.task, s.contract, s.residence, s.task_group, s.currency, s.rail, s.day,
           s.kind, s.n, s.seconds, s.amount, s.fee, s.tax, s.withheld, s.net, s.reason,
           s.decided_by, s.sandbox
    FROM correction AS c
    JOIN fact AS s ON s.original = c.original AND s.event_number = c.previous AND s.version = 1
    UNION ALL
    SELECT c.event_number, c.leaf_index, c.recorded_day, c.emitter_code, c.original, s.type,
           s.worker_code, s.task, s.contract, s.residence, s.task_group, s.currency, s.rail, s.day,
           s.kind, s.n, s.seconds, s.amount, s.fee, s.tax, s.withheld, s.net, s.reason,
           s.decided_by, s.sandbox
    FROM correction AS c
    JOIN batch AS s ON s.event_number = c.previous
    WHERE s.corrects_id IS NOT NULL AND s.replaces IS NOT NULL AND s.rule IS NULL AND NOT s.repeat
)
SELECT event_number, leaf_index, recorded_day, emitter_code, original, type, worker_code, task,
       contract, residence, task_group, currency, rail, day, kind, -n, -seconds, -amount, -fee,
       -tax, -withheld, -net, reason, decided_by, sandbox, -1
FROM stood
