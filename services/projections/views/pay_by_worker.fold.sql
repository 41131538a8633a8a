-- Adds the batch's payments to pay_by_worker, together with the cursor; rows are found as those of
-- work_by_worker.
MERGE INTO pay_by_worker AS w USING (
    SELECT worker_code, day, recorded_day, rail, currency, residence,
           coalesce(sum(n), 0) AS payments,
           coalesce(sum(amount), 0) AS gross,
           coalesce(sum(fee), 0) AS fee,
           coalesce(sum(tax), 0) AS tax,
           coalesce(sum(withheld), 0) AS withheld,
           coalesce(sum(net), 0) AS net
    FROM batch
    WHERE kind = 'payment' AND NOT repeat AND NOT sandbox AND rule IS NULL
    GROUP BY worker_code, day, recorded_day, rail, currency, residence
    ORDER BY worker_code, day
) AS added ON
    w.worker_code = added.worker_code
    AND w.day = added.day
    AND w.recorded_day = added.recorded_day
    AND w.rail = added.rail
    AND w.currency = added.currency
    AND w.residence = added.residence
WHEN MATCHED THEN UPDATE SET
    payments = w.payments + added.payments,
    gross = w.gross + added.gross,
    fee = w.fee + added.fee,
    tax = w.tax + added.tax,
    withheld = w.withheld + added.withheld,
    net = w.net + added.net
WHEN NOT MATCHED THEN INSERT VALUES (
    added.worker_code, added.day, added.recorded_day, added.rail, added.currency, added.residence,
    added.payments, added.gross, added.fee, added.tax, added.withheld, added.net
)
