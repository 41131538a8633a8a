-- fact in natural-key order, codes as text: equal logs give equal bytes.
SELECT event_number, leaf_index, recorded_day, emitter, type, event_id, digest, worker, task,
       contract, residence, task_group, currency, rail, day, kind, n::integer AS n,
       seconds::bigint AS seconds, amount, fee, tax, withheld, net, reason, decided_by, sandbox,
       original, version
FROM fact
JOIN emitter USING (emitter_code)
LEFT JOIN worker USING (worker_code)
ORDER BY event_number, version NULLS FIRST
