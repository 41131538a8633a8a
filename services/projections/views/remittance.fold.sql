-- Keeps a remittance. $1 to $10: the columns in their order, without its end.
INSERT INTO remittance VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
