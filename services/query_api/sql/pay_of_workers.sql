-- Pay of a month of some workers; one worker's rows stand together.
SELECT asked.emitter AS platform, asked.worker, day, currency, residence, gross
FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[])) AS asked(emitter, worker)
JOIN emitter ON emitter.emitter = asked.emitter
JOIN worker ON worker.emitter_code = emitter.emitter_code AND worker.worker = asked.worker
CROSS JOIN LATERAL (
    SELECT day, currency, residence, sum(gross) AS gross
    FROM pay_by_worker
    WHERE worker_code = worker.worker_code
        AND day >= CAST(:first AS date) AND day <= CAST(:last AS date)
    GROUP BY 1, 2, 3
) AS paid
ORDER BY worker.worker_code
