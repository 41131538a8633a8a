-- What each platform must bring to a scheme for a period, what it says it withheld (for all schemes
-- together: a payment names none), what it paid; up to a position. :period may be NULL: all.
WITH due AS (
    SELECT coalesce(about, period) AS period, platform, currency,
           sum(coalesce(credit, 0) - coalesce(debit, 0)) AS due
    FROM entry
    WHERE scheme = :scheme AND account IN ('platform.payable', 'worker.withheld')
        AND leaf_index <= :position
    GROUP BY 1, 2, 3
), paid AS (
    SELECT period, platform, currency, sum(amount) AS paid, max(received_on) AS last_received_on
    FROM remittance
    WHERE scheme = :scheme AND leaf_index <= :position
        AND (ended_leaf IS NULL OR ended_leaf > :position)
    GROUP BY 1, 2, 3
), declared AS (
    SELECT to_char(day, 'YYYY-MM') AS period, emitter AS platform, currency,
           sum(withheld) AS declared
    FROM pay_by_platform JOIN emitter USING (emitter_code)
    WHERE recorded_day < :before
    GROUP BY 1, 2, 3
)
SELECT period, platform, currency, coalesce(due, 0) AS due, coalesce(paid, 0) AS paid,
       coalesce(declared, 0) AS declared, last_received_on
FROM due FULL JOIN paid USING (period, platform, currency)
LEFT JOIN declared USING (period, platform, currency)
WHERE (CAST(:period AS text) IS NULL OR period = :period)
    AND (CAST(:platform AS text) IS NULL OR platform = :platform)
ORDER BY period, platform, currency
