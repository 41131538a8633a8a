-- Another id for a batch whose old one is used up, or none until the next sending.
UPDATE batch SET submission = :submission WHERE number = :batch AND state = 'waiting'
