-- Days that one emitter declared to be without work, as its corrections left them.
WITH declared AS (
    SELECT event_number, emitter_code, subject AS day FROM told JOIN emitter USING (emitter_code)
    WHERE type = 'day.nil.v1' AND emitter = :emitter
), corrected AS (
    SELECT DISTINCT ON (original) original, type::text AS type,
           data -> 'replacement' -> 'data' ->> 'day' AS day
    FROM told WHERE original IN (SELECT event_number FROM declared)
    ORDER BY original, event_number DESC
)
SELECT DISTINCT CAST(coalesce(c.day, d.day) AS date) AS day
FROM declared AS d LEFT JOIN corrected AS c ON c.original = d.event_number
WHERE c.type IS DISTINCT FROM 'correction.cancelled.v1'
    AND CAST(coalesce(c.day, d.day) AS date) BETWEEN :first AND :last
ORDER BY 1
