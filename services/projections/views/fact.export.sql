-- fact in natural-key order, codes as text: equal logs give equal bytes.
SELECT event_number, leaf_index, recorded_day, emitter, type::text AS type, event_id, digest, worker,
       task, contract, residence, task_group::text AS task_group, currency, rail::text AS rail, day,
       kind::text AS kind, n::integer AS n, seconds::bigint AS seconds, amount, fee, tax, withheld, net,
       reason, decided_by::text AS decided_by, sandbox, original, version
FROM fact
JOIN emitter USING (emitter_code)
LEFT JOIN worker USING (worker_code)
ORDER BY event_number, version NULLS FIRST
