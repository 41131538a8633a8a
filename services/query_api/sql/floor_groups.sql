-- The wage floor summed by task group and work day, as `floor_sums` by platform; '' is time of no
-- task. A worker's day is short as a whole. That is shared out over its groups by their time: those
-- up to one, in the order of their names behind the time of no task, have together the whole units
-- that their time together has.
WITH $batch, $work_by_worker, $priced_work,
grouped AS (
    SELECT worker_code, day, resident, task_group, sum(paid)::bigint AS paid,
           sum(paid + unpaid)::bigint AS spent, sum(outside)::bigint AS outside, sum(pay) AS pay,
           bool_or(waits) AS waits, bool_or(odd) AS odd, bool_or(earned <> 0 OR paid <> 0 OR unpaid <> 0) AS worked
    FROM priced_work
    GROUP BY 1, 2, 3, 4
    HAVING bool_or(earned <> 0 OR paid <> 0 OR unpaid <> 0 OR outside <> 0)
), of_day AS (
    SELECT worker_code, day, resident, task_group, paid, spent, pay, worked,
           row_number() OVER so_far = 1 AS is_first,
           sum(outside) OVER whole AS outside,
           sum(paid) OVER whole AS day_paid,
           sum(spent + outside) OVER whole AS day_spent,
           sum(paid) OVER so_far AS paid_so_far,
           sum(spent) OVER so_far AS spent_so_far,
           sum(pay) OVER whole AS day_pay,
           bool_or(waits) OVER whole AS waits,
           bool_or(odd) OVER whole AS odd
    FROM grouped
    WINDOW whole AS (PARTITION BY worker_code, day, resident),
           so_far AS (whole ORDER BY task_group::text COLLATE "C" ROWS UNBOUNDED PRECEDING)
), held AS (
    SELECT *, is_first AND outside > 0 AS idle,
           NOT odd AND wage IS NULL AS unknown,
           NOT odd AND wage IS NOT NULL AND waits AS waiting,
           NOT odd AND wage IS NOT NULL AND NOT waits AS known,
           greatest(0, wage * day_paid * :scale - day_pay * 3600) AS missing_paid,
           greatest(0, wage * day_spent * :scale - day_pay * 3600) AS missing_spent
    FROM of_day JOIN wage USING (day)
), shared AS (
    SELECT *,
           CASE WHEN NOT known OR missing_paid = 0 OR paid = 0 THEN 0
                WHEN paid = day_paid THEN missing_paid
                ELSE div(missing_paid * paid_so_far, day_paid)
                    - div(missing_paid * (paid_so_far - paid), day_paid) END AS short_paid,
           CASE WHEN NOT known OR missing_spent = 0 OR spent = 0 THEN 0
                WHEN spent = day_spent THEN missing_spent
                ELSE div(missing_spent * (outside + spent_so_far), day_spent)
                    - div(missing_spent * (outside + spent_so_far - spent), day_spent) END
               AS short_spent,
           CASE WHEN NOT (known AND idle) OR missing_spent = 0 THEN 0
                ELSE div(missing_spent * outside, day_spent) END AS short_outside
    FROM held
), summed AS (
    SELECT task_group, day, resident,
           count(*) FILTER (WHERE known AND worked) AS days,
           count(*) FILTER (WHERE known AND idle) AS idle_days,
           coalesce(sum(pay) FILTER (WHERE known), 0) AS pay,
           coalesce(sum(paid) FILTER (WHERE known), 0) AS paid,
           coalesce(sum(spent) FILTER (WHERE known), 0) AS spent,
           coalesce(sum(outside) FILTER (WHERE known AND idle), 0) AS outside,
           sum(short_paid) AS short_paid,
           sum(short_spent) AS short_spent,
           sum(short_outside) AS short_outside,
           count(*) FILTER (WHERE short_paid > 0) AS below_paid,
           count(*) FILTER (WHERE short_spent > 0) AS below_spent,
           count(*) FILTER (WHERE short_outside > 0) AS below_outside,
           count(*) FILTER (WHERE unknown AND worked) AS days_without_wage,
           count(*) FILTER (WHERE unknown AND idle) AS idle_without_wage,
           count(*) FILTER (WHERE waiting AND worked) AS days_waiting,
           count(*) FILTER (WHERE waiting AND idle) AS idle_waiting,
           array_agg(worker_code) FILTER (WHERE odd) AS odd
    FROM shared
    GROUP BY 1, 2, 3
)
SELECT task_group::text AS part, day, resident, days, pay, paid, spent, short_paid, short_spent,
       below_paid, below_spent, days_without_wage, days_waiting, odd
FROM summed
UNION ALL
SELECT '', day, resident, sum(idle_days), 0, 0, sum(outside), 0, sum(short_outside), 0,
       sum(below_outside), sum(idle_without_wage), sum(idle_waiting), NULL
FROM summed
GROUP BY day, resident
