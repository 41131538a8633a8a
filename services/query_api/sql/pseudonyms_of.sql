-- All pseudonyms that are some persons now.
SELECT person, platform, worker FROM identity_link
WHERE person = ANY (CAST(:persons AS text[])) AND ended_leaf IS NULL
ORDER BY person, platform, worker
