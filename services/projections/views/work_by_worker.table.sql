-- The work grain: what each worker did on each work day, as recorded on each recorded day.
-- Counts by outcome, seconds by kind, earned in micro-units. NULL where nothing was ever added, which
-- is most of a row: a reader takes it for zero. Rows whose sums fell back to zero stay.
CREATE TABLE work_by_worker (
    worker_code integer NOT NULL,
    day date NOT NULL,
    recorded_day date NOT NULL,
    task_group task_group NOT NULL,
    currency text NOT NULL,
    residence text NOT NULL,
    completed integer,
    approved integer,
    rejected integer,
    returned integer,
    expired integer,
    aborted integer,
    worked_seconds bigint,
    paid_seconds bigint,
    paid_unstated_seconds bigint,
    rejected_seconds bigint,
    not_submitted_seconds bigint,
    fault_seconds bigint,
    search_seconds bigint,
    qualification_seconds bigint,
    waiting_seconds bigint,
    earned numeric,
    -- All six: of one worker and day a platform may state as many currencies and residences as it likes.
    PRIMARY KEY (worker_code, day, recorded_day, task_group, currency, residence)
) WITH (fillfactor = 90);   -- room for the next sums of a row beside it: no index is touched
