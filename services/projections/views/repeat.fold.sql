-- Marks every row of an event whose id an earlier event holds; with other content it is an anomaly.
WITH used AS (
    SELECT b.event_number, b.leaf_index, b.emitter_code, b.digest = f.digest AS same
    FROM batch AS b
    JOIN fact AS f ON f.emitter_code = b.emitter_code AND f.event_id = b.event_id
    WHERE b.event_id IS NOT NULL AND f.event_number <> b.event_number
), noting AS (
    INSERT INTO anomaly (event_number, leaf_index, emitter_code, rule, pointer)
    SELECT event_number, leaf_index, emitter_code, 'event-id-reused', '/id'
    FROM used WHERE NOT same
)
UPDATE batch SET repeat = true FROM used WHERE batch.event_number = used.event_number
