-- Keeps what an event alone, or a correction's look at its original, showed to be wrong. A repeat
-- is no new statement, so it has none.
INSERT INTO anomaly (event_number, leaf_index, emitter_code, rule, pointer)
SELECT event_number, leaf_index, emitter_code, rule, pointer FROM noted
WHERE NOT EXISTS (
    SELECT FROM batch AS b WHERE b.event_number = noted.event_number AND b.repeat
)
UNION ALL
SELECT event_number, leaf_index, emitter_code, rule, '/data/event' FROM batch WHERE rule IS NOT NULL
