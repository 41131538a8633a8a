-- The last counted leaf up to a position and a digest of its events and of the generation: tells one
-- history from another, and views that were made anew from those before.
SELECT s.leaf_index, (
    SELECT md5(current_schema() || string_agg(f.digest::text, ',' ORDER BY f.event_number))
    FROM fact AS f
    WHERE f.recorded_day = s.recorded_day AND f.leaf_index = s.leaf_index AND f.digest IS NOT NULL
) AS mark
FROM submission AS s
WHERE s.leaf_index <= :position
ORDER BY s.leaf_index DESC
LIMIT 1
