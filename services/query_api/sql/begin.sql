-- Finds the active generation, and turns the transaction to it, in one round trip. The text of a day is
-- its ISO 8601 form, whatever the server is set to. :whole 'off' plans no scan of a whole table.
SELECT number, tzdata, shape,
       set_config('statement_timeout', :timeout, true),
       set_config('enable_seqscan', :whole, true),
       set_config('datestyle', 'ISO', true),
       set_config('search_path', concat('view_', number), true)
FROM projection.generation WHERE active
