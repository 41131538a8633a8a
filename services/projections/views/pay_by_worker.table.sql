-- The pay grain: what each worker was paid on each pay day, as recorded on each recorded day.
-- Amounts in micro-units; what a payment does not state adds nothing.
CREATE TABLE pay_by_worker (
    worker_code integer NOT NULL,
    day date NOT NULL,
    recorded_day date NOT NULL,
    rail rail NOT NULL,
    currency text NOT NULL,
    residence text NOT NULL,
    payments integer NOT NULL,
    gross numeric NOT NULL,
    fee numeric NOT NULL,
    tax numeric NOT NULL,
    withheld numeric NOT NULL,
    net numeric NOT NULL,
    PRIMARY KEY (worker_code, day, recorded_day, rail, currency, residence)
) WITH (fillfactor = 90);   -- this and the key as of work_by_worker
