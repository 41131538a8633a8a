-- All refused events that were not forgotten.
SELECT number, id, body, submission, problem FROM refused ORDER BY number
