-- Acts between two bases that may have changed a month of some workers, or of a person (may be
-- null): policies, schemes and links of theirs, rates of some currencies; corrections of such acts.
SELECT t.event_number, t.leaf_index, t.type::text AS type, t.original
FROM told AS t
LEFT JOIN told AS o ON o.event_number = t.original
CROSS JOIN LATERAL (SELECT coalesce(o.type, t.type)::text AS type) AS said
CROSS JOIN LATERAL (VALUES (coalesce(o.data, t.data)), (t.data -> 'replacement' -> 'data'))
    AS about(data)
WHERE t.leaf_index > :previous AND t.leaf_index <= :basis AND said.type = ANY (:types)
    AND (said.type = 'policy.adopted.v1'
         OR (said.type = 'rate.published.v1'
             AND about.data ->> 'base' = ANY (CAST(:currencies AS text[])))
         OR about.data ->> 'person' = CAST(:person AS text)
         OR (about.data ->> 'platform', about.data ->> 'worker') IN (
             SELECT * FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[]))))
GROUP BY 1, 2, 3, 4
ORDER BY 1 DESC
LIMIT :most
