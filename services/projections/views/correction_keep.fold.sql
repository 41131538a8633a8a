-- Keeps the versions that corrections put in place or take back.
INSERT INTO fact
SELECT event_number, leaf_index, recorded_day, emitter_code, type, NULL, NULL, worker_code,
       task, contract, residence, task_group, currency, rail, day, kind, n, seconds, amount, fee,
       tax, withheld, net, reason, decided_by, sandbox, original, version
FROM batch
WHERE NOT repeat AND rule IS NULL
    AND (version = -1 OR corrects_id IS NOT NULL AND replaces IS NOT NULL)
ORDER BY event_number, version
