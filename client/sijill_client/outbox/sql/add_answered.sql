-- A file from before receipts had an age. Those that it holds have none, and stay.
ALTER TABLE batch ADD COLUMN answered INTEGER
