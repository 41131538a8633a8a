-- Adds the batch's payments to pay_by_platform, together with the cursor.
INSERT INTO pay_by_platform
SELECT emitter_code, day, currency, rail, residence, recorded_day,
       coalesce(sum(n), 0),
       coalesce(sum(amount), 0),
       coalesce(sum(fee), 0),
       coalesce(sum(tax), 0),
       coalesce(sum(withheld), 0),
       coalesce(sum(net), 0)
FROM batch
WHERE kind = 'payment' AND NOT repeat AND NOT sandbox AND rule IS NULL
GROUP BY emitter_code, day, currency, rail, residence, recorded_day
ORDER BY emitter_code, day, currency, rail, residence, recorded_day
ON CONFLICT (emitter_code, day, currency, rail, residence, recorded_day) DO UPDATE SET
    payments = pay_by_platform.payments + excluded.payments,
    gross = pay_by_platform.gross + excluded.gross,
    fee = pay_by_platform.fee + excluded.fee,
    tax = pay_by_platform.tax + excluded.tax,
    withheld = pay_by_platform.withheld + excluded.withheld,
    net = pay_by_platform.net + excluded.net
