-- A cancellation for which nothing was taken back cancelled what was cancelled already.
UPDATE batch SET rule = 'correction-nothing-stands'
WHERE corrects_id IS NOT NULL AND replaces IS NULL AND rule IS NULL AND NOT repeat
    AND NOT EXISTS (
        SELECT FROM batch AS b WHERE b.event_number = batch.event_number AND b.version = -1
    )
