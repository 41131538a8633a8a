-- emitter in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter FROM emitter ORDER BY emitter
