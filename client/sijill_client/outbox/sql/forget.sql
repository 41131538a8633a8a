-- The platform has dealt with a refused event.
DELETE FROM refused WHERE number = :number
