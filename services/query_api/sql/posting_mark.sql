-- The last event up to a number, and a digest of the newest hundred and of the generation: tells one
-- history from another, and views that were made anew from those before.
SELECT max(event_number) AS event,
       md5(current_schema() || string_agg(digest::text, ',' ORDER BY event_number)) AS digest
FROM (
    SELECT event_number, digest FROM fact
    WHERE event_number <= :event AND digest IS NOT NULL
    ORDER BY event_number DESC
    LIMIT 100
) AS newest
HAVING count(*) > 0
