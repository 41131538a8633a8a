-- The pay grain: what each worker was paid on each pay day, as recorded on each recorded day.
-- Amounts in micro-units; what a payment does not state adds nothing.
CREATE TABLE pay_by_worker (
    emitter_code integer NOT NULL,
    worker_code integer NOT NULL,
    day date NOT NULL,
    currency text NOT NULL,
    rail rail NOT NULL,
    residence text NOT NULL,
    recorded_day date NOT NULL,
    payments integer NOT NULL,
    gross numeric NOT NULL,
    fee numeric NOT NULL,
    tax numeric NOT NULL,
    withheld numeric NOT NULL,
    net numeric NOT NULL,
    PRIMARY KEY (worker_code, day, currency, rail, residence, recorded_day)
) WITH (fillfactor = 80);   -- as of work_by_worker
