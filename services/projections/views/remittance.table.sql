-- What platforms paid to funds, in micro-units. A correction ends a row at its own leaf and, if it
-- replaces, puts another in place.
CREATE TABLE remittance (
    event_number bigint PRIMARY KEY,
    original bigint NOT NULL,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    scheme text NOT NULL,
    platform text NOT NULL,
    period text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    received_on date NOT NULL,
    ended_leaf bigint
);
CREATE UNIQUE INDEX remittance_stands ON remittance (original) WHERE ended_leaf IS NULL;
CREATE INDEX ON remittance (scheme, period, platform);
