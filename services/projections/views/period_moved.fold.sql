-- What a period and every one before it moved. $1 scheme, $2 period.
SELECT period, account, currency, debit, credit
FROM ledger_sum
WHERE scheme = $1 AND period <= $2
