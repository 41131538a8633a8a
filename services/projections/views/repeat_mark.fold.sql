-- Marks every row of events whose id was used before; with other content it is an anomaly.
-- $1 event numbers, $2 whether their content is the first use's (arrays of one length).
WITH used AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::boolean[]) AS u(event_number, same)
), noting AS (
    INSERT INTO anomaly (event_number, leaf_index, emitter_code, rule, pointer)
    SELECT event_number, leaf_index, emitter_code, 'event-id-reused', '/id'
    FROM batch JOIN used USING (event_number)
    WHERE digest IS NOT NULL AND NOT same
)
UPDATE batch SET repeat = true FROM used WHERE batch.event_number = used.event_number
