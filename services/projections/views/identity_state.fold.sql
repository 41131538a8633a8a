-- Every link of the pseudonyms that acts are about. $1, $2 platforms and pseudonyms (arrays of one
-- length), $3 originals that are corrected.
SELECT * FROM identity_link
WHERE (platform, worker) IN (
    SELECT * FROM unnest($1::text[], $2::text[])
    UNION
    SELECT platform, worker FROM identity_link
    WHERE original = ANY ($3::bigint[]) OR ended_original = ANY ($3::bigint[])
)
ORDER BY event_number
