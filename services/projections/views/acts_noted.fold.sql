-- Names an act that has no effect, and why. $1 event, $2 leaf, $3 emitter, $4 rule, $5 pointer.
INSERT INTO anomaly (event_number, leaf_index, emitter_code, rule, pointer)
SELECT $1, $2, emitter_code, $4, $5 FROM emitter WHERE emitter = $3
