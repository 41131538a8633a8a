-- Receipts that were kept long enough go, a few with each answer that comes in: more than come.
DELETE FROM batch WHERE number IN (
    SELECT number FROM batch WHERE answered < :before ORDER BY answered LIMIT :most
)
