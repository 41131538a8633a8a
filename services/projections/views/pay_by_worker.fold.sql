-- Adds the batch's payments to pay_by_worker, together with the cursor.
INSERT INTO pay_by_worker
SELECT emitter_code, worker_code, day, currency, rail, residence, recorded_day,
       coalesce(sum(n), 0),
       coalesce(sum(amount), 0),
       coalesce(sum(fee), 0),
       coalesce(sum(tax), 0),
       coalesce(sum(withheld), 0),
       coalesce(sum(net), 0)
FROM batch
WHERE kind = 'payment' AND NOT repeat AND NOT sandbox AND rule IS NULL
GROUP BY emitter_code, worker_code, day, currency, rail, residence, recorded_day
ORDER BY worker_code, day, currency, rail, residence, recorded_day
ON CONFLICT (worker_code, day, currency, rail, residence, recorded_day) DO UPDATE SET
    payments = pay_by_worker.payments + excluded.payments,
    gross = pay_by_worker.gross + excluded.gross,
    fee = pay_by_worker.fee + excluded.fee,
    tax = pay_by_worker.tax + excluded.tax,
    withheld = pay_by_worker.withheld + excluded.withheld,
    net = pay_by_worker.net + excluded.net
