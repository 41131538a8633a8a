-- An event that the registry refused, and why.
INSERT INTO refused (number, id, body, submission, problem)
SELECT number, id, body, :submission, :problem FROM event WHERE number = :number
