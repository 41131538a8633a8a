-- The pay grain without workers.
-- Amounts in micro-units; what a payment does not state adds nothing.
CREATE TABLE pay_by_platform (
    emitter_code integer NOT NULL,
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
    PRIMARY KEY (emitter_code, day, currency, rail, residence, recorded_day)
);
-- The day that still runs is read at each answer, those before it once.
CREATE INDEX ON pay_by_platform (recorded_day);
