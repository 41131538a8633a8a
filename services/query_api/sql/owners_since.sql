-- Whoever was told a payment of behind an event, corrections too, by month; who is a person brings
-- along all her pseudonyms. In an order that tells nothing of links.
WITH paid AS (
    SELECT DISTINCT to_char(f.day, 'YYYY-MM') AS month, e.emitter AS platform, w.worker
    FROM fact AS f
    JOIN worker AS w USING (worker_code)
    JOIN emitter AS e ON e.emitter_code = w.emitter_code
    WHERE f.event_number > :since AND f.kind = 'payment'
), owner AS (
    SELECT month, person, platform, worker
    FROM paid LEFT JOIN (
        SELECT platform, worker, person FROM identity_link WHERE ended_leaf IS NULL
    ) AS linked USING (platform, worker)
)
SELECT month, person, platform, worker
FROM (
    SELECT month, person, platform, worker FROM owner WHERE person IS NULL
    UNION
    SELECT owner.month, person, linked.platform, linked.worker
    FROM owner JOIN identity_link AS linked USING (person)
    WHERE linked.ended_leaf IS NULL
) AS known
ORDER BY month, platform COLLATE "C", worker COLLATE "C"
