-- A batch has its answer, unless another sender recorded one already.
UPDATE batch SET state = :state, leaf_index = :leaf_index, answer = :answer, answered = :answered
WHERE number = :batch AND state = 'waiting'
