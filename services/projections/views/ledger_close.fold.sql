-- Closes a period. In the order of the columns: $1 scheme, $2 period, $3 number, $4 event, $5 leaf,
-- $6 who closed, $7 after, $8 basis, $9 digest of the entries, $10 digest of the statement.
INSERT INTO ledger_period (scheme, period, entries, closed_entry, closed_event, closed_leaf,
                           closed_by, after, basis, entries_sha256, statement)
VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (scheme, period) DO UPDATE SET
    closed_entry = excluded.closed_entry,
    closed_event = excluded.closed_event,
    closed_leaf = excluded.closed_leaf,
    closed_by = excluded.closed_by,
    after = excluded.after,
    basis = excluded.basis,
    entries_sha256 = excluded.entries_sha256,
    statement = excluded.statement
