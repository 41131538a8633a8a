-- One worker of a platform, if she was recorded by the cut.
SELECT worker_code, first_recorded_day
FROM worker JOIN emitter USING (emitter_code)
WHERE emitter = :platform AND worker = :worker
    AND (first_recorded_day < :before
         OR first_recorded_day = :before AND EXISTS (
             -- Hers alone are looked at: without OFFSET those of all may be read once, to be hashed.
             SELECT FROM fact WHERE fact.worker_code = worker.worker_code
                 AND leaf_index <= :leaf OFFSET 0))
