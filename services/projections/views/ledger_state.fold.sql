-- What decides about the next acts of schemes. $1 schemes.
SELECT asked AS scheme,
       coalesce((SELECT max(number) FROM entry WHERE scheme = asked), 0) AS last,
       (SELECT max(period) FROM ledger_period
        WHERE scheme = asked AND closed_entry IS NOT NULL) AS closed_through,
       (SELECT min(period) FROM ledger_period WHERE scheme = asked) AS first
FROM unnest($1::text[]) AS asked
