-- How many events left out which fields: absent means not stated, never zero.
CREATE TABLE unstated (
    emitter_code integer NOT NULL,
    type event_type NOT NULL,
    fields text NOT NULL,       -- names with a space between, in the schema's order
    recorded_day date NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (emitter_code, type, fields, recorded_day)
);
