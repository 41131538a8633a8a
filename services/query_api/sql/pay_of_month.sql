-- Pay of a month by worker, to be read as a stream: one worker's rows stand together.
SELECT emitter AS platform, worker, day, currency, residence, sum(gross) AS gross
FROM pay_by_worker AS p
JOIN worker USING (worker_code)
JOIN emitter ON emitter.emitter_code = worker.emitter_code
WHERE day >= CAST(:first AS date) AND day <= CAST(:last AS date)
GROUP BY worker_code, 1, 2, 3, 4, 5
ORDER BY worker_code
