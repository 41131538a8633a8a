-- Distinct assignments that are sandbox work, whose rejection was overturned, that were approved
-- without an amount, and those of them whose amount could not be read, or is not the usual one.
SELECT
    coalesce(sum(sandbox), 0),
    coalesce(sum(meaning = 'approved' AND rejected_at IS NOT NULL), 0),
    coalesce(sum(meaning = 'approved' AND amount IS NULL), 0),
    coalesce(sum(meaning = 'approved' AND amount IS NULL AND (amount_is_bad OR paid_otherwise)), 0)
FROM assignment
