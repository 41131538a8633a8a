-- An event leaves the queue.
DELETE FROM event WHERE number = :number
