-- Which pseudonyms are which persons now.
SELECT platform, worker, person FROM identity_link WHERE ended_leaf IS NULL
