-- A batch is formed: from here on its id and its bytes are fixed.
INSERT INTO batch (submission, sha256, events) VALUES (:submission, :sha256, :events)
