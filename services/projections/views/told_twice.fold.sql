-- A second rate for one pair and day is an anomaly; the first stands (RULES 7.3).
INSERT INTO anomaly (event_number, leaf_index, emitter_code, rule, pointer)
SELECT t.event_number, t.leaf_index, t.emitter_code, 'rate-published-twice', '/data'
FROM told_batch AS new
-- As in `acts`.
CROSS JOIN LATERAL (
    SELECT event_number, leaf_index, emitter_code, type, subject
    FROM told WHERE told.event_number = new.event_number OFFSET 0
) AS t
WHERE t.type = 'rate.published.v1' AND EXISTS (
    SELECT FROM told AS earlier
    WHERE earlier.type = t.type AND earlier.subject = t.subject
        AND earlier.event_number < t.event_number
)
