-- How often this content came in the file before this row.
INSERT INTO keyless (content, times) VALUES (?, 1)
ON CONFLICT (content) DO UPDATE SET times = times + 1
RETURNING times - 1
