-- ledger_sum in natural-key order: equal logs give equal bytes.
SELECT scheme, period, account, currency, debit, credit
FROM ledger_sum
ORDER BY scheme COLLATE "C", period, account COLLATE "C", currency
