-- Months of which something stands posted.
SELECT DISTINCT coalesce(about, period) AS month FROM entry WHERE currency IS NOT NULL
