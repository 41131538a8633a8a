-- pay_by_worker in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, worker, day, currency, rail::text AS rail, residence, recorded_day,
       payments, gross, fee, tax, withheld, net
FROM pay_by_worker
JOIN worker USING (worker_code)
JOIN emitter USING (emitter_code)
ORDER BY emitter, worker, day, currency, rail, residence, recorded_day
