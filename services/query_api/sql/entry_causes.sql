-- The payments of a month of some workers up to a basis, corrections too, newest first. :event
-- may be null: only that one.
SELECT f.event_number, f.leaf_index, f.type::text AS type, e.emitter AS platform, w.worker, f.day,
       f.amount, f.currency, count(*) OVER () AS total
FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[])) AS asked(emitter, worker)
JOIN emitter AS e USING (emitter)
JOIN worker AS w USING (emitter_code, worker)
JOIN fact AS f USING (worker_code)
WHERE f.kind = 'payment' AND NOT f.sandbox AND f.leaf_index <= :basis
    AND to_char(f.day, 'YYYY-MM') = :month
    AND (CAST(:event AS bigint) IS NULL OR f.event_number = CAST(:event AS bigint))
ORDER BY f.event_number DESC, f.version, f.day, f.amount, f.currency
OFFSET :skipped LIMIT :most
