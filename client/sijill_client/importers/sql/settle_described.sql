-- An assignment of the API knows its reward from the row that describes its HIT.
UPDATE assignment SET
    amount = coalesce(assignment.amount, contract.amount),
    currency = coalesce(assignment.currency, contract.currency),
    sandbox = max(assignment.sandbox, contract.sandbox)
FROM contract
WHERE contract.hit = assignment.hit AND contract.described AND NOT assignment.amount_is_bad
