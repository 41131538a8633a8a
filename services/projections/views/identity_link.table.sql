-- Which pseudonym is which person, from one position to another. `original`: the act that links;
-- `event_number`: the act or correction that put this row in place; what ends it likewise.
CREATE TABLE identity_link (
    platform text NOT NULL,
    worker text NOT NULL,
    event_number bigint NOT NULL,
    original bigint NOT NULL,
    person text NOT NULL,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    ended_event bigint,
    ended_original bigint,
    ended_leaf bigint,
    PRIMARY KEY (platform, worker, event_number)
);
-- A pseudonym is one person at a time.
CREATE UNIQUE INDEX identity_link_stands ON identity_link (platform, worker)
    WHERE ended_leaf IS NULL;
CREATE INDEX ON identity_link (person);
CREATE INDEX ON identity_link (original);
CREATE INDEX ON identity_link (ended_original) WHERE ended_original IS NOT NULL;
