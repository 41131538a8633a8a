-- Events of the batch whose id an earlier event holds in the facts, and whether with the same content.
-- It runs before the facts are kept, behind the cursor's lock, and nothing else writes facts: so an id
-- is held by its first use without a constraint that says so.
SELECT head.event_number, head.digest = held.digest AS same
FROM batch AS head
-- A look into the index for each, however few facts there are: the limit keeps it so.
CROSS JOIN LATERAL (
    SELECT digest FROM fact
    WHERE fact.event_id = head.event_id AND fact.emitter_code = head.emitter_code LIMIT 1
) AS held
WHERE head.digest IS NOT NULL
