-- The work grain without workers: what platforms and sectors are read from.
-- Counts by outcome, seconds by kind, earned in micro-units. Rows whose sums fell back to
-- zero stay.
CREATE TABLE work_by_platform (
    emitter_code integer NOT NULL,
    day date NOT NULL,
    task_group task_group NOT NULL,
    currency text NOT NULL,
    residence text NOT NULL,
    recorded_day date NOT NULL,
    completed integer NOT NULL,
    approved integer NOT NULL,
    rejected integer NOT NULL,
    returned integer NOT NULL,
    expired integer NOT NULL,
    aborted integer NOT NULL,
    worked_seconds bigint NOT NULL,
    paid_seconds bigint NOT NULL,
    paid_unstated_seconds bigint NOT NULL,
    rejected_seconds bigint NOT NULL,
    not_submitted_seconds bigint NOT NULL,
    fault_seconds bigint NOT NULL,
    search_seconds bigint NOT NULL,
    qualification_seconds bigint NOT NULL,
    waiting_seconds bigint NOT NULL,
    earned numeric NOT NULL,
    PRIMARY KEY (emitter_code, day, task_group, currency, residence, recorded_day)
);
-- The day that still runs is read at each answer, those before it once.
CREATE INDEX ON work_by_platform (recorded_day);
