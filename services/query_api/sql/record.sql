-- One line of the audit trail.
INSERT INTO audit.access (who, role, what, position) VALUES (:who, :role, :what, :position)
