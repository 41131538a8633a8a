-- Which of these contracts an emitter published, up to a position. :contracts array.
SELECT DISTINCT subject FROM told JOIN emitter USING (emitter_code)
WHERE emitter = :emitter AND subject = ANY (CAST(:contracts AS text[]))
    AND type IN ('contract.published.v1', 'contract.amended.v1') AND leaf_index <= :position
