-- Every registered platform, or one, as the acts up to a position left it.
SELECT first.subject AS platform,
       (SELECT last.data ->> 'name' FROM told AS last
        WHERE last.type IN ('platform.registered.v1', 'platform.renamed.v1')
            AND last.subject = first.subject AND last.leaf_index <= :position
        ORDER BY last.event_number DESC LIMIT 1) AS name,
       first.data ->> 'country' AS country, 'platform' AS kind,
       first.leaf_index AS registered_leaf,
       (SELECT next.data ->> 'successor' FROM told AS next
        WHERE next.type = 'platform.succeeded.v1' AND next.subject = first.subject
            AND next.leaf_index <= :position
        ORDER BY next.event_number DESC LIMIT 1) AS successor
FROM (
    -- A second registration changes nothing.
    SELECT DISTINCT ON (subject) subject, data, leaf_index FROM told
    WHERE type = 'platform.registered.v1' AND leaf_index <= :position
        AND (CAST(:platform AS text) IS NULL OR subject = CAST(:platform AS text))
    ORDER BY subject, event_number
) AS first
ORDER BY 1
