-- Payments of one worker by period of the pay day. Filters may be null.
WITH $batch, $pay_by_worker
SELECT left(day::text, CASE WHEN CAST(:by AS text) = 'day' THEN 10 ELSE 7 END) AS period, currency,
       sum(payments) AS payments, sum(gross) AS gross, sum(fee) AS fee, sum(tax) AS tax,
       sum(withheld) AS withheld, sum(net) AS net
FROM pay_by_worker_at
WHERE worker_code = :worker_code
    AND (CAST(:first AS date) IS NULL OR day >= CAST(:first AS date))
    AND (CAST(:last AS date) IS NULL OR day <= CAST(:last AS date))
GROUP BY 1, 2
ORDER BY 1, 2
