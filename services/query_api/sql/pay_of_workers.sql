-- Pay of a month of some workers; one worker's rows stand together.
SELECT emitter AS platform, worker, day, currency, residence, sum(gross) AS gross
FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[])) AS asked(emitter, worker)
JOIN emitter USING (emitter)
JOIN worker USING (emitter_code, worker)
JOIN pay_by_worker AS p USING (worker_code)
WHERE day >= CAST(:first AS date) AND day <= CAST(:last AS date)
GROUP BY worker_code, 1, 2, 3, 4, 5
ORDER BY worker_code
