-- Every link of the pseudonyms that acts are about. $1, $2 platforms and pseudonyms (arrays of one
-- length), $3 originals that are corrected. A look by key for each, however many links there are: OFFSET
-- keeps it so.
SELECT link.*
FROM (
    SELECT * FROM unnest($1::text[], $2::text[]) AS named (platform, worker)
    UNION
    SELECT l.platform, l.worker
    FROM unnest($3::bigint[]) AS corrected (original)
    CROSS JOIN LATERAL (
        (SELECT platform, worker FROM identity_link AS i WHERE i.original = corrected.original OFFSET 0)
        UNION ALL
        (SELECT platform, worker FROM identity_link AS i
         WHERE i.ended_original = corrected.original OFFSET 0)
    ) AS l
) AS asked
CROSS JOIN LATERAL (
    SELECT * FROM identity_link AS i
    WHERE i.platform = asked.platform AND i.worker = asked.worker OFFSET 0
) AS link
ORDER BY event_number
