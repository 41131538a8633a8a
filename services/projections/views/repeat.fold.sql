-- Marks every row of an event whose id an earlier event holds, in the facts or in this batch; with
-- other content it is an anomaly. It runs before the facts are kept, behind the cursor's lock, and
-- nothing else writes facts: so an id is held by its first use without a constraint that says so.
WITH head AS (
    SELECT event_number, leaf_index, emitter_code, event_id, digest
    FROM batch WHERE event_id IS NOT NULL
), earlier AS MATERIALIZED (
    SELECT head.event_number, head.leaf_index, head.emitter_code, head.digest = held.digest AS same
    FROM head
    -- A look into the index for each, however few facts there are: the limit keeps it so.
    CROSS JOIN LATERAL (
        SELECT digest FROM fact
        WHERE fact.event_id = head.event_id AND fact.emitter_code = head.emitter_code LIMIT 1
    ) AS held
), shared AS MATERIALIZED (
    SELECT emitter_code, event_id, min(event_number) AS first
    FROM head GROUP BY emitter_code, event_id HAVING count(*) > 1
), used AS (
    SELECT * FROM earlier
    UNION ALL
    SELECT head.event_number, head.leaf_index, head.emitter_code, head.digest = held.digest
    FROM shared
    JOIN head AS held ON held.event_number = shared.first
    JOIN head ON head.emitter_code = shared.emitter_code AND head.event_id = shared.event_id
    WHERE head.event_number > shared.first
        AND shared.first NOT IN (SELECT event_number FROM earlier)
), noting AS (
    INSERT INTO anomaly (event_number, leaf_index, emitter_code, rule, pointer)
    SELECT event_number, leaf_index, emitter_code, 'event-id-reused', '/id'
    FROM used WHERE NOT same
)
UPDATE batch SET repeat = true FROM used WHERE batch.event_number = used.event_number
