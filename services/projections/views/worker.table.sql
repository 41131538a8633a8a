-- Short codes of workers: a pseudonym means something on its own platform only.
CREATE TABLE worker (
    worker_code integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    emitter_code integer NOT NULL,
    worker text NOT NULL,
    first_recorded_day date NOT NULL,
    UNIQUE (emitter_code, worker)
);
CREATE INDEX ON worker (emitter_code, first_recorded_day);
