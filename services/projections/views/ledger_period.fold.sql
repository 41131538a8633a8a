-- Adds the entries of some numbers to ledger_period. $1 scheme, $2 and $3 first and last number.
INSERT INTO ledger_period (scheme, period, first_entry, last_entry, entries)
SELECT scheme, period, min(number), max(number), count(*)
FROM entry
WHERE scheme = $1 AND number BETWEEN $2 AND $3 AND currency IS NOT NULL
GROUP BY scheme, period
ON CONFLICT (scheme, period) DO UPDATE SET
    last_entry = excluded.last_entry,
    entries = ledger_period.entries + excluded.entries
