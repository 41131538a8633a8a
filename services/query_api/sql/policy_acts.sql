-- Adoptions of a country's policy up to a position, newest first.
SELECT event_number, leaf_index, NULL::bigint AS original, data::text AS data
FROM told
WHERE type = 'policy.adopted.v1' AND subject = :country AND leaf_index <= :position
ORDER BY event_number DESC
LIMIT 16
