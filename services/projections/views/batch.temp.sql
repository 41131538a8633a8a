-- A range of leaves as rows, one head for each event and one candidate for each correction, kept
-- for one transaction. Made once a connection.
-- A full batch stays in memory, also while it is sorted.
SET temp_buffers = '32MB';
SET work_mem = '64MB';
-- What is always there and of one width stands first, texts last: whoever reads a column must find
-- the end of all those before it.
CREATE TEMPORARY TABLE batch (
    event_number bigint NOT NULL,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    emitter_code integer NOT NULL,
    type event_type NOT NULL,
    task_group task_group NOT NULL,
    rail rail NOT NULL,
    decided_by decider NOT NULL,
    sandbox boolean NOT NULL,
    repeat boolean NOT NULL DEFAULT false,
    digest bigint,            -- of heads alone
    kind fact_kind,           -- NULL: in no sum
    worker_code integer,
    day date,
    n integer,
    seconds integer,          -- of one event at most a year
    amount bigint,            -- earned, or gross of a payment, in micro-units
    rule text,                -- of candidates that have no effect: why
    currency text NOT NULL,   -- XXX where there is no money
    residence text NOT NULL,  -- '' where unstated
    event_id text,            -- of heads alone
    fee bigint,
    tax bigint,
    withheld bigint,
    net bigint,
    original bigint,          -- of versions: the number of the event that is corrected
    version smallint,         -- of versions: 1 stands, -1 takes back what stood
    previous bigint,          -- of candidates: the number of what stood before
    reason text,
    unstated text,            -- names of fields that the event left out
    task text,
    contract text,
    corrects_id text,         -- of candidates: the event that is corrected
    replaces event_type       -- of candidates that replace
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE noted (
    event_number bigint NOT NULL,
    leaf_index bigint NOT NULL,
    emitter_code integer NOT NULL,
    rule text NOT NULL,
    pointer text NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE told_batch (
    event_number bigint NOT NULL,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    emitter_code integer NOT NULL,
    type event_type NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL
) ON COMMIT DELETE ROWS;
