-- Work of a period, of residents and of those whose residence is unstated, with what its pay counts:
-- what the queries of the wage floor add up. `odd`: something was taken back.
-- :days, :wages: an hour's minimum in micro-units by day, null where none is known. :pay_days,
-- :currencies, :factors: what a micro-unit of a currency counts for that day.
wage AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:days AS date[]), CAST(:wages AS numeric[])) AS t(day, wage)
), factor AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:pay_days AS date[]), CAST(:currencies AS text[]),
                         CAST(:factors AS numeric[])) AS t(day, currency, factor)
), stated AS (
    SELECT worker_code, day, currency, residence, task_group,
           coalesce(paid_seconds, 0)::bigint AS paid,
           (coalesce(rejected_seconds, 0) + coalesce(not_submitted_seconds, 0)
               + coalesce(fault_seconds, 0))::bigint AS unpaid,
           (coalesce(search_seconds, 0) + coalesce(qualification_seconds, 0)
               + coalesce(waiting_seconds, 0))::bigint AS outside,
           coalesce(earned, 0) AS earned
    FROM work_by_worker_at
    WHERE day >= CAST(:first AS date) AND day <= CAST(:last AS date)
        AND (residence = '' OR left(residence, 2) = CAST(:country AS text))
        AND (CAST(:platform AS text) IS NULL OR worker_code IN (
            SELECT worker_code FROM worker JOIN emitter USING (emitter_code)
            WHERE emitter = CAST(:platform AS text)))
), priced_work AS (
    SELECT worker_code, day, residence <> '' AS resident, task_group, earned, paid, unpaid, outside,
           coalesce(earned * factor, 0) AS pay, earned <> 0 AND factor IS NULL AS waits,
           earned < 0 OR paid < 0 OR unpaid < 0 OR outside < 0 AS odd
    FROM stated LEFT JOIN factor USING (day, currency)
)
