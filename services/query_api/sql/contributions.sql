-- By scheme, month and platform, up to a position: what the fund is owed as posted, and how much of
-- it in suspense; what the platform must bring, what it says it withheld (for all schemes together:
-- a payment names none), what it paid. Filters may be NULL.
WITH $batch, $pay_by_platform,
posted AS (
    SELECT scheme, coalesce(about, period) AS period, platform, currency,
           sum(coalesce(debit, 0) - coalesce(credit, 0))
               FILTER (WHERE account IN ('fund.receivable', 'suspense.receivable')) AS posted,
           sum(coalesce(debit, 0) - coalesce(credit, 0))
               FILTER (WHERE account = 'suspense.receivable') AS suspense,
           sum(coalesce(credit, 0) - coalesce(debit, 0))
               FILTER (WHERE account IN ('platform.payable', 'worker.withheld')) AS due,
           max(basis) AS basis
    FROM entry
    WHERE currency IS NOT NULL AND leaf_index <= :position
        AND (CAST(:scheme AS text) IS NULL OR scheme = CAST(:scheme AS text))
        AND (CAST(:platform AS text) IS NULL OR platform = CAST(:platform AS text))
        -- What is about a month stands in its own books or in later ones.
        AND (CAST(:period AS text) IS NULL OR (period >= CAST(:period AS text)
             AND coalesce(about, period) = CAST(:period AS text)))
    GROUP BY 1, 2, 3, 4
), paid AS (
    SELECT scheme, period, platform, currency, sum(amount) AS paid,
           max(received_on) AS last_received_on
    FROM remittance
    WHERE leaf_index <= :position AND (ended_leaf IS NULL OR ended_leaf > :position)
        AND (CAST(:scheme AS text) IS NULL OR scheme = CAST(:scheme AS text))
        AND (CAST(:platform AS text) IS NULL OR platform = CAST(:platform AS text))
        AND (CAST(:period AS text) IS NULL OR period = CAST(:period AS text))
    GROUP BY 1, 2, 3, 4
), declared AS (
    SELECT to_char(day, 'YYYY-MM') AS period, emitter AS platform, currency,
           sum(withheld) AS declared
    FROM pay_by_platform_at JOIN emitter USING (emitter_code)
    GROUP BY 1, 2, 3
)
SELECT scheme, period, platform, currency, posted, suspense, due, paid, declared, basis,
       last_received_on
FROM posted FULL JOIN paid USING (scheme, period, platform, currency)
LEFT JOIN declared USING (period, platform, currency)
ORDER BY 1, 2, 3, 4
