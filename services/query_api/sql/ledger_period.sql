-- A period of a scheme, and the scheme's last number; no row of the period: nothing in it.
SELECT p.*, coalesce((SELECT max(number) FROM entry WHERE scheme = :scheme), 0) AS last
FROM (SELECT 1) AS one
LEFT JOIN ledger_period AS p ON p.scheme = :scheme AND p.period = :period
