-- The HITs of which a contract can be stated.
SELECT hit, title, amount, currency, max_seconds, sandbox, created, task_group, terms
FROM contract
WHERE used AND created IS NOT NULL
ORDER BY created, hit
