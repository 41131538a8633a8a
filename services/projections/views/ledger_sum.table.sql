-- What each period of a scheme moved on each account, in micro-units.
CREATE TABLE ledger_sum (
    scheme text NOT NULL,
    period text NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    debit numeric NOT NULL,
    credit numeric NOT NULL,
    PRIMARY KEY (scheme, period, account, currency)
);
