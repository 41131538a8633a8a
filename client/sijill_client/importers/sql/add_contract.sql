-- One contract for each HIT: the first that can be published.
INSERT INTO contract (
    hit, title, amount, currency, max_seconds, sandbox, created, task_group, terms, used, described
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hit) DO UPDATE SET
    title = CASE WHEN contract.created IS NULL AND excluded.created IS NOT NULL
        THEN excluded.title ELSE contract.title END,
    amount = CASE WHEN contract.created IS NULL AND excluded.created IS NOT NULL
        THEN excluded.amount ELSE contract.amount END,
    currency = CASE WHEN contract.created IS NULL AND excluded.created IS NOT NULL
        THEN excluded.currency ELSE contract.currency END,
    max_seconds = CASE WHEN contract.created IS NULL AND excluded.created IS NOT NULL
        THEN excluded.max_seconds ELSE contract.max_seconds END,
    sandbox = CASE WHEN contract.created IS NULL AND excluded.created IS NOT NULL
        THEN excluded.sandbox ELSE contract.sandbox END,
    task_group = CASE WHEN contract.created IS NULL AND excluded.created IS NOT NULL
        THEN excluded.task_group ELSE contract.task_group END,
    terms = CASE WHEN contract.created IS NULL AND excluded.created IS NOT NULL
        THEN excluded.terms ELSE contract.terms END,
    created = coalesce(contract.created, excluded.created),
    used = max(contract.used, excluded.used),
    described = max(contract.described, excluded.described)
WHERE contract.used < excluded.used
    OR contract.described < excluded.described
    OR (contract.created IS NULL AND excluded.created IS NOT NULL)
