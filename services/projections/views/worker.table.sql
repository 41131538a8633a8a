-- Short codes of workers: a pseudonym means something on its own platform only.
CREATE TABLE worker (
    worker_code integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    emitter_code integer NOT NULL,
    worker text NOT NULL,
    first_recorded_day date,    -- NULL: only named by events that do not count
    UNIQUE (emitter_code, worker)
);
CREATE INDEX ON worker (emitter_code, first_recorded_day);
CREATE INDEX ON worker (worker_code) WHERE first_recorded_day IS NULL;
