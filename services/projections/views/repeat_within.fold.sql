-- Events whose id an earlier event of the batch holds, and whether with the same content. It runs when
-- repeats of the facts are marked, and where an id stands twice.
SELECT event_number, same
FROM (
    SELECT event_number, digest = first_value(digest) OVER uses AS same, row_number() OVER uses AS use
    FROM batch WHERE digest IS NOT NULL AND NOT repeat
    WINDOW uses AS (PARTITION BY emitter_code, event_id ORDER BY event_number)
) AS used
WHERE use > 1
