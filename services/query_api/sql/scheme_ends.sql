-- A scheme's last entry number and last closed month.
SELECT coalesce((SELECT max(number) FROM entry WHERE scheme = :scheme), 0) AS last,
       (SELECT max(period) FROM ledger_period
        WHERE scheme = :scheme AND closed_entry IS NOT NULL) AS closed
