-- The wage floor summed by platform and work day (RULES 7.2), of residents and of the unstated, so
-- that no row for each worker's day leaves the database. A worker's day on which something was taken
-- back is in no sum: `odd` names those workers, and they are worked out one by one.
-- :scale: what a micro-unit of the wage's own currency counts.
WITH $batch, $work_by_worker, $priced_work,
worked AS (
    SELECT worker_code, day, resident, sum(paid) AS paid, sum(paid + unpaid + outside) AS spent,
           sum(pay) AS pay, bool_or(waits) AS waits, bool_or(odd) AS odd
    FROM priced_work
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
SELECT emitter AS part, day, resident,
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
