-- pay_by_platform in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, day, currency, rail::text AS rail, residence, recorded_day,
       payments, gross, fee, tax, withheld, net
FROM pay_by_platform JOIN emitter USING (emitter_code)
ORDER BY emitter, day, currency, rail, residence, recorded_day
