-- Counted submissions as folded; `repeated` events were known already and added nothing.
CREATE TABLE submission (
    leaf_index bigint PRIMARY KEY,
    emitter_code integer NOT NULL,
    recorded_day date NOT NULL,
    events integer NOT NULL,
    repeated integer NOT NULL
);
CREATE INDEX ON submission (emitter_code, leaf_index);
