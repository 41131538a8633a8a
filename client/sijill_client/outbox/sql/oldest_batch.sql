-- The batch that is sent next.
SELECT number, submission, sha256 FROM batch WHERE state = 'waiting' ORDER BY number LIMIT 1
