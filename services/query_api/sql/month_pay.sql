-- What one worker was paid by pay day, currency and stated residence.
WITH $batch, $pay_by_worker
SELECT day, currency, residence, sum(gross) AS gross
FROM pay_by_worker_at
WHERE worker_code = :worker_code
    AND day >= CAST(:first AS date) AND day <= CAST(:last AS date)
GROUP BY 1, 2, 3
