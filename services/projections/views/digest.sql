-- What tells two generations' rows of a view apart: how many they are, and two sums of their hashes,
-- 128 bits. In no order, so nothing is sorted, and by as many workers as the server has for it.
-- The view's export stands where the mark is.
SELECT count(*) AS rows, sum(hash_record_extended(v, 1)) AS one, sum(hash_record_extended(v, 2)) AS other
FROM ($rows) AS v
