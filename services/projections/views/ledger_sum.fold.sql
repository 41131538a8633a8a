-- Adds the entries of some numbers to ledger_sum. $1 scheme, $2 and $3 first and last number.
INSERT INTO ledger_sum
SELECT scheme, period, account, currency, coalesce(sum(debit), 0), coalesce(sum(credit), 0)
FROM entry
WHERE scheme = $1 AND number BETWEEN $2 AND $3 AND currency IS NOT NULL
GROUP BY scheme, period, account, currency
ON CONFLICT (scheme, period, account, currency) DO UPDATE SET
    debit = ledger_sum.debit + excluded.debit,
    credit = ledger_sum.credit + excluded.credit
