-- What an event left wrong, by rule; `services.projections.anomalies` says each rule's text,
-- remedy and whether the event still counts.
CREATE TABLE anomaly (
    event_number bigint NOT NULL,
    leaf_index bigint NOT NULL,
    emitter_code integer NOT NULL,
    rule text NOT NULL,
    pointer text NOT NULL,
    PRIMARY KEY (leaf_index, event_number, rule, pointer)
);
CREATE INDEX ON anomaly (emitter_code, rule, event_number);
