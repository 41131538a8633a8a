-- Payments of each platform, or of one. Filters may be null.
WITH $batch, $pay_by_platform
SELECT emitter AS platform, currency,
       sum(payments) AS payments, sum(gross) AS gross, sum(fee) AS fee, sum(tax) AS tax,
       sum(withheld) AS withheld, sum(net) AS net
FROM pay_by_platform_at JOIN emitter USING (emitter_code)
WHERE (CAST(:platform AS text) IS NULL OR emitter = CAST(:platform AS text))
    AND (CAST(:first AS date) IS NULL OR day >= CAST(:first AS date))
    AND (CAST(:last AS date) IS NULL OR day <= CAST(:last AS date))
GROUP BY 1, 2
ORDER BY 1, 2
