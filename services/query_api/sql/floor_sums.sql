-- The wage floor summed by platform and work day (RULES 7.2), of residents and of the unstated, so
-- that no row for each worker's day leaves the database. A worker's day on which something was taken
-- back is in no sum: `odd` names those workers, and they are worked out one by one.
-- :days, :wages: an hour's minimum in micro-units by day, null where none is known. :pay_days,
-- :currencies, :factors: what a micro-unit of a currency counts for that day, :scale for one.
WITH $batch, $work_by_worker,
wage AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:days AS date[]), CAST(:wages AS numeric[])) AS t(day, wage)
), factor AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:pay_days AS date[]), CAST(:currencies AS text[]),
                         CAST(:factors AS numeric[])) AS t(day, currency, factor)
), stated AS (
    SELECT worker_code, day, currency, residence <> '' AS resident,
           coalesce(paid_seconds, 0) AS paid,
           coalesce(rejected_seconds, 0) + coalesce(not_submitted_seconds, 0)
               + coalesce(fault_seconds, 0) AS unpaid,
           coalesce(search_seconds, 0) + coalesce(qualification_seconds, 0)
               + coalesce(waiting_seconds, 0) AS outside,
           coalesce(earned, 0) AS earned
    FROM work_by_worker_at
    WHERE day >= CAST(:first AS date) AND day <= CAST(:last AS date)
        AND (residence = '' OR left(residence, 2) = CAST(:country AS text))
        AND (CAST(:platform AS text) IS NULL OR worker_code IN (
            SELECT worker_code FROM worker JOIN emitter USING (emitter_code)
            WHERE emitter = CAST(:platform AS text)))
), worked AS (
    SELECT worker_code, day, resident,
           sum(paid) AS paid, sum(paid + unpaid + outside) AS spent,
           coalesce(sum(earned * factor), 0) AS pay,
           bool_or(earned <> 0 AND factor IS NULL) AS waits,
           bool_or(earned < 0 OR paid < 0 OR unpaid < 0 OR outside < 0) AS odd
    FROM stated LEFT JOIN factor USING (day, currency)
    GROUP BY 1, 2, 3
    -- A day with neither time nor pay is none.
    HAVING bool_or(earned <> 0 OR paid <> 0 OR unpaid <> 0 OR outside <> 0)
), held AS (
    SELECT worker_code, day, resident, paid, spent, pay, odd,
           NOT odd AND wage IS NULL AS unknown,
           NOT odd AND wage IS NOT NULL AND waits AS waiting,
           NOT odd AND wage IS NOT NULL AND NOT waits AS known,
           CASE WHEN paid > 0 THEN greatest(0, wage * paid * :scale - pay * 3600) ELSE 0 END
               AS short_paid,
           CASE WHEN spent > 0 THEN greatest(0, wage * spent * :scale - pay * 3600) ELSE 0 END
               AS short_spent
    FROM worked JOIN wage USING (day)
)
SELECT emitter AS platform, day, resident,
       count(*) FILTER (WHERE known) AS days,
       coalesce(sum(pay) FILTER (WHERE known), 0) AS pay,
       coalesce(sum(paid) FILTER (WHERE known), 0) AS paid,
       coalesce(sum(spent) FILTER (WHERE known), 0) AS spent,
       coalesce(sum(short_paid) FILTER (WHERE known), 0) AS short_paid,
       coalesce(sum(short_spent) FILTER (WHERE known), 0) AS short_spent,
       count(*) FILTER (WHERE known AND short_paid > 0) AS below_paid,
       count(*) FILTER (WHERE known AND short_spent > 0) AS below_spent,
       count(*) FILTER (WHERE unknown) AS days_without_wage,
       count(*) FILTER (WHERE waiting) AS days_waiting,
       array_agg(worker_code) FILTER (WHERE odd) AS odd
FROM held
JOIN worker USING (worker_code)
JOIN emitter ON emitter.emitter_code = worker.emitter_code
GROUP BY 1, 2, 3
