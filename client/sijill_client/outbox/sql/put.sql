-- One more event waits.
INSERT INTO event (id, type, body, most) VALUES (:id, :type, :body, :most)
