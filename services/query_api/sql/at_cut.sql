-- A view as it stood at a cut: its whole days, and of the last day what the fold makes of facts.
${view}_at AS (
    SELECT * FROM $view WHERE recorded_day >= :since AND recorded_day < :before
    UNION ALL
    ($fold)
)
