-- The acts of this batch that are no repeats, and the corrections of earlier ones that have effect.
-- $1 types of acts.
SELECT t.event_number, t.original, o.type AS original_type, emitter.emitter
FROM told_batch
-- A look by number for each, however much was told before: OFFSET keeps it so.
CROSS JOIN LATERAL (
    SELECT event_number, original, type, emitter_code
    FROM told WHERE told.event_number = told_batch.event_number OFFSET 0
) AS t
LEFT JOIN LATERAL (
    SELECT type FROM told WHERE told.event_number = t.original OFFSET 0
) AS o ON true
JOIN emitter ON emitter.emitter_code = t.emitter_code
WHERE t.type = ANY ($1::event_type[]) OR o.type = ANY ($1::event_type[])
ORDER BY t.event_number
