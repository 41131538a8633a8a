-- What events said that is no sum: contracts, acts, disputes, reviews, accounts. `subject` is the
-- contract, the emitter, the currency pair or the country they are about.
CREATE TABLE told (
    event_number bigint PRIMARY KEY,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    emitter_code integer NOT NULL,
    type event_type NOT NULL,
    subject text NOT NULL,
    original bigint,
    data jsonb NOT NULL
);
CREATE INDEX ON told (type, subject, event_number);
CREATE INDEX ON told (emitter_code, subject, event_number);
