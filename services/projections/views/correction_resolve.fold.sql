-- Finds for each correction what it corrects, what stood before it, and whether it may.
-- What stood is looked for among earlier corrections in this batch, then among earlier ones in
-- the facts, then it is the event itself.
WITH found AS (
    SELECT c.event_number, o.event_number AS original,
           CASE
               WHEN o.event_number IS NULL THEN 'correction-unknown-event'
               WHEN o.type::text LIKE 'correction.%' THEN 'correction-of-correction'
               WHEN NOT o.type = ANY ($1::event_type[]) THEN 'correction-not-allowed'
               WHEN c.replaces <> o.type THEN 'correction-other-type'
           END AS rule
    FROM batch AS c
    LEFT JOIN fact AS o
        ON o.emitter_code = c.emitter_code AND o.event_id = c.corrects_id
        AND o.event_number < c.event_number
    WHERE c.corrects_id IS NOT NULL AND NOT c.repeat
), chained AS (
    SELECT event_number, original, rule,
           COALESCE(
               CASE WHEN rule IS NULL THEN
                   lag(event_number) OVER (PARTITION BY original, rule ORDER BY event_number)
               END,
               (SELECT max(v.event_number) FROM fact AS v WHERE v.original = found.original),
               original
           ) AS previous
    FROM found
)
UPDATE batch SET original = chained.original, previous = chained.previous, rule = chained.rule,
                 version = 1
FROM chained
WHERE batch.event_number = chained.event_number AND batch.corrects_id IS NOT NULL
