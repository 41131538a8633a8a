-- The acts of this batch that are no repeats, and the corrections of earlier ones that have effect.
-- $1 types of acts.
SELECT t.event_number, t.original, o.type AS original_type, emitter.emitter
FROM told_batch
JOIN told AS t USING (event_number)
JOIN emitter ON emitter.emitter_code = t.emitter_code
LEFT JOIN told AS o ON o.event_number = t.original
WHERE t.type = ANY ($1::event_type[]) OR o.type = ANY ($1::event_type[])
ORDER BY t.event_number
