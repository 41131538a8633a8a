-- What a later row of the same assignment may change.
UPDATE assignment SET
    accepted = ?2, submitted = ?3, seconds = ?4, page = ?5, status = ?6, meaning = ?7,
    approved_at = ?8, rejected_at = ?9, feedback = ?10, approved_assumed = ?11, rejected_assumed = ?12,
    paid_otherwise = ?13, handed_in = ?14
WHERE task = ?1
