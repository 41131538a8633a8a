-- What events said that is no sum: contracts, acts, disputes, reviews, accounts. `subject` is the
-- contract, the emitter, the currency pair or the country they are about.
CREATE TABLE told (
    event_number bigint PRIMARY KEY,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    emitter_code integer NOT NULL,
    type event_type NOT NULL,
    subject text NOT NULL,
    original bigint,
    data jsonb NOT NULL
);
CREATE INDEX ON told (type, subject, event_number);
CREATE INDEX ON told (emitter_code, subject, event_number);
CREATE INDEX ON told (original) WHERE original IS NOT NULL;
-- To whom schemes are assigned, by acts and by corrections that replace one.
CREATE INDEX told_assigned ON told (
    coalesce(data #>> '{replacement,data,platform}', data ->> 'platform', ''),
    coalesce(data #>> '{replacement,data,worker}', data ->> 'worker', ''),
    coalesce(data #>> '{replacement,data,person}', data ->> 'person', '')
) WHERE type = 'scheme.assigned.v1' OR data #>> '{replacement,type}' = 'scheme.assigned.v1';
