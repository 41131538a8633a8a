-- The ledger: each line posted with effect, and the number that each closing takes (account
-- period.closed). Only ever added to: amounts in micro-units, exactly one of the two sides.
CREATE TABLE entry (
    scheme text NOT NULL,
    number bigint NOT NULL,
    period text NOT NULL,
    about text,               -- the closed period that it is about, if it stands in a later one
    account text NOT NULL,
    branch text,
    currency text,
    debit bigint,
    credit bigint,
    platform text,
    worker text,
    person text,
    previous_basis bigint,
    basis bigint NOT NULL,
    policy text,
    event_number bigint NOT NULL,
    leaf_index bigint NOT NULL,
    recorded_day date NOT NULL,
    PRIMARY KEY (scheme, number),
    CHECK (num_nonnulls(debit, credit, currency) = CASE account WHEN 'period.closed' THEN 0 ELSE 2 END)
);
CREATE INDEX ON entry (scheme, period, number);
CREATE INDEX ON entry (platform, worker, scheme, number);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries are never changed or removed: post a further one'
        USING ERRCODE = 'restrict_violation';
END $$;
-- Whoever owns the table may write it, so a grant cannot forbid this. Dropping a whole generation
-- asks no trigger.
CREATE TRIGGER entry_stands BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_stands;
