-- Periods of a scheme that have entries or were closed. What stands from `closed_entry` on is of
-- the closing: NULL while the period is open.
CREATE TABLE ledger_period (
    scheme text NOT NULL,
    period text NOT NULL,
    first_entry bigint,
    last_entry bigint,
    entries bigint NOT NULL,
    closed_entry bigint,
    closed_event bigint,
    closed_leaf bigint,
    closed_by text,
    after bigint,
    basis bigint,
    entries_sha256 text,
    statement text,
    PRIMARY KEY (scheme, period)
);
