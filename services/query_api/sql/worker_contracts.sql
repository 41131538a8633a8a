-- Contracts that a worker's events name, up to a position, with their terms as last published.
SELECT f.contract, f.events,
       (SELECT t.data::text FROM told AS t
        WHERE t.type IN ('contract.published.v1', 'contract.amended.v1')
            AND t.subject = f.contract AND t.emitter_code = f.emitter_code
            AND t.leaf_index <= :position
        ORDER BY t.event_number DESC LIMIT 1) AS terms
FROM (
    SELECT emitter_code, contract, count(*) AS events FROM fact
    WHERE worker_code = :worker_code AND contract IS NOT NULL AND event_id IS NOT NULL
        AND leaf_index <= :position
    GROUP BY 1, 2
) AS f
ORDER BY 1
