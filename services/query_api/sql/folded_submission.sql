-- A counted leaf as it was folded, and whether it was set aside.
SELECT (SELECT repeated FROM submission WHERE leaf_index = :leaf) AS repeated,
       EXISTS (SELECT FROM log.quarantine WHERE leaf_index = :leaf) AS quarantined
