-- Keeps the versions that corrections put in place or take back.
INSERT INTO fact
SELECT event_number, leaf_index, NULL, recorded_day, emitter_code, type, task_group, rail, decided_by,
       kind, worker_code, day, seconds, amount, n, sandbox, currency, residence, NULL, task,
       contract, reason, fee, tax, withheld, net, original, version
FROM batch
WHERE NOT repeat AND rule IS NULL
    AND (version = -1 OR corrects_id IS NOT NULL AND replaces IS NOT NULL)
ORDER BY event_number, version
