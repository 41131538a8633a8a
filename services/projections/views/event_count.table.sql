-- Events by type: every family is counted, also those that are in no sum.
CREATE TABLE event_count (
    emitter_code integer NOT NULL,
    type event_type NOT NULL,
    recorded_day date NOT NULL,
    sandbox boolean NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (emitter_code, type, recorded_day, sandbox)
);
