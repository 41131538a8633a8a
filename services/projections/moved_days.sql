-- Facts whose days differ between two generations of one log. $old and $new are their schemas; $1 is
-- how many groups to list at most.
WITH pair AS (
    SELECT n.emitter_code, o.day AS old_day, n.day AS new_day,
           o.recorded_day AS old_recorded, n.recorded_day AS new_recorded
    FROM $new.fact AS n
    JOIN $old.fact AS o
        ON o.event_number = n.event_number AND o.version IS NOT DISTINCT FROM n.version
), moved AS (
    SELECT emitter_code, 'day' AS moved, old_day AS old, new_day AS new
    FROM pair WHERE old_day <> new_day
    UNION ALL
    SELECT emitter_code, 'recorded_day', old_recorded, new_recorded
    FROM pair WHERE old_recorded <> new_recorded
)
SELECT emitter, moved, old, new, count(*) AS facts,
       count(*) OVER () AS all_moves, sum(count(*)) OVER () AS all_facts
FROM moved JOIN $new.emitter USING (emitter_code)
GROUP BY emitter, moved, old, new
ORDER BY old, new, emitter, moved
LIMIT $1
