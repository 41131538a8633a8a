-- remittance in natural-key order: equal logs give equal bytes.
SELECT event_number, original, leaf_index, recorded_day, scheme, platform, period, amount,
       currency, received_on, ended_leaf
FROM remittance
ORDER BY event_number
