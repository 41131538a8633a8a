-- Takes the next offsets of one partition. The row stays locked until commit, so offsets follow
-- commit order and a reader never meets a hole. $1 partition, $2 how many.
UPDATE log.intake_counter SET next_offset = next_offset + $2 WHERE partition = $1
RETURNING next_offset - $2 AS first_offset
