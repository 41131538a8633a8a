-- Schemes assigned to some workers and persons up to a position, and every correction of one: what
-- was another's may have been given to her, and what was hers to another. One by one through the
-- index of `told`, however few assignments the planner thinks that there are.
WITH asked AS (
    SELECT platform, worker, '' AS person
    FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[])) AS cell(platform, worker)
    UNION
    SELECT '', '', unnest(CAST(:persons AS text[]))
), act AS (
    SELECT DISTINCT hers.event_number
    FROM asked CROSS JOIN LATERAL (
        SELECT coalesce(original, event_number) AS event_number
        FROM told
        WHERE (type = 'scheme.assigned.v1' OR data #>> '{replacement,type}' = 'scheme.assigned.v1')
            AND coalesce(data #>> '{replacement,data,platform}', data ->> 'platform', '')
                = asked.platform
            AND coalesce(data #>> '{replacement,data,worker}', data ->> 'worker', '')
                = asked.worker
            AND coalesce(data #>> '{replacement,data,person}', data ->> 'person', '')
                = asked.person
        OFFSET 0
    ) AS hers
)
SELECT event_number, leaf_index, NULL::bigint AS original, data::text AS data
FROM act JOIN told USING (event_number)
WHERE leaf_index <= :position
UNION ALL
SELECT c.event_number, c.leaf_index, c.original, c.data::text
FROM act JOIN told AS c ON c.original = act.event_number
WHERE c.leaf_index <= :position
ORDER BY event_number
