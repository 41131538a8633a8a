-- A range of leaves as rows, one head for each event and one candidate for each correction, kept
-- for one transaction. Made once a connection.
-- A full batch stays in memory, also while it is sorted.
SET temp_buffers = '32MB';
SET work_mem = '64MB';
CREATE TEMPORARY TABLE batch (
    event_number bigint NOT NULL,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    emitter_code integer NOT NULL,
    type event_type NOT NULL,
    event_id text,            -- of heads alone
    digest bigint,
    worker_code integer,
    task text,
    contract text,
    residence text NOT NULL,  -- '' where unstated
    task_group task_group NOT NULL,
    currency text NOT NULL,   -- XXX where there is no money
    rail rail NOT NULL,
    day date,
    kind fact_kind,           -- NULL: in no sum
    n integer,
    seconds bigint,
    amount bigint,            -- earned, or gross of a payment, in micro-units
    fee bigint,
    tax bigint,
    withheld bigint,
    net bigint,
    reason text,
    decided_by decider NOT NULL,
    sandbox boolean NOT NULL,
    unstated text,            -- names of fields that the event left out
    corrects_id text,         -- of candidates: the event that is corrected
    replaces event_type,      -- of candidates that replace
    original bigint,          -- of versions: the number of the event that is corrected
    version smallint,         -- of versions: 1 stands, -1 takes back what stood
    previous bigint,          -- of candidates: the number of what stood before
    repeat boolean NOT NULL DEFAULT false,
    rule text                 -- of candidates that have no effect: why
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
