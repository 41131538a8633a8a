-- A cancellation for which nothing was taken back cancelled what was cancelled already. NOT IN, which
-- is hashed whatever the planner knows: temporary tables have no statistics.
UPDATE batch SET rule = 'correction-nothing-stands'
WHERE corrects_id IS NOT NULL AND replaces IS NULL AND rule IS NULL AND NOT repeat
    AND event_number NOT IN (SELECT event_number FROM batch WHERE version = -1)
