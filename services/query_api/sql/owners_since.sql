-- Whoever was told a payment of since a position, corrections too, by month; who is a person brings
-- along all her pseudonyms. In an order that tells nothing of links.
WITH paid AS (
    SELECT DISTINCT to_char(f.day, 'YYYY-MM') AS month, e.emitter AS platform, w.worker
    FROM fact AS f
    JOIN worker AS w USING (worker_code)
    JOIN emitter AS e ON e.emitter_code = w.emitter_code
    WHERE f.kind = 'payment' AND f.leaf_index > :since AND f.recorded_day >= (
        SELECT max(recorded_day) FROM submission WHERE leaf_index = (
            SELECT max(leaf_index) FROM submission WHERE leaf_index <= :since
        )
    )
), linked AS (
    SELECT platform, worker, person FROM identity_link WHERE ended_leaf IS NULL
), owner AS (
    SELECT paid.month, linked.person, paid.platform, paid.worker
    FROM paid LEFT JOIN linked USING (platform, worker)
)
SELECT month, person, platform, worker
FROM (
    SELECT month, person, platform, worker FROM owner WHERE person IS NULL
    UNION
    SELECT owner.month, person, linked.platform, linked.worker
    FROM owner JOIN linked USING (person)
) AS known
ORDER BY month, platform COLLATE "C", worker COLLATE "C"
