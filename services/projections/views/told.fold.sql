-- Keeps what was told, of events that are no repeat and of corrections that have effect.
INSERT INTO told
SELECT t.event_number, t.leaf_index, t.recorded_day, t.emitter_code, t.type, t.subject,
       c.original, t.data
FROM told_batch AS t
LEFT JOIN batch AS c ON c.event_number = t.event_number AND c.corrects_id IS NOT NULL
WHERE c.rule IS NULL AND NOT EXISTS (
    SELECT FROM batch AS b WHERE b.event_number = t.event_number AND b.repeat
)
ORDER BY t.event_number
