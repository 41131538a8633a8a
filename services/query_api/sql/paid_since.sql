-- Workers and months of which a payment was told since a position, corrections too.
SELECT DISTINCT e.emitter AS platform, w.worker, to_char(f.day, 'YYYY-MM') AS month
FROM fact AS f
JOIN worker AS w USING (worker_code)
JOIN emitter AS e ON e.emitter_code = w.emitter_code
WHERE f.kind = 'payment' AND f.leaf_index > :since AND f.recorded_day >= (
    SELECT max(recorded_day) FROM submission WHERE leaf_index = (
        SELECT max(leaf_index) FROM submission WHERE leaf_index <= :since
    )
)
