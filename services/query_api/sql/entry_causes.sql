-- The payments of a worker's month up to a basis, corrections too, newest first.
SELECT f.event_number, f.leaf_index, f.type::text AS type, f.day, f.amount, f.currency,
       count(*) OVER () AS total
FROM fact AS f
JOIN worker AS w USING (worker_code)
JOIN emitter AS e ON e.emitter_code = w.emitter_code
WHERE e.emitter = :platform AND w.worker = :worker AND f.kind = 'payment'
    AND to_char(f.day, 'YYYY-MM') = :month AND f.leaf_index <= :basis
ORDER BY f.event_number DESC, f.version
LIMIT :most
