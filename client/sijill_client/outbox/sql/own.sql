-- A new outbox belongs to one platform at one registry.
INSERT INTO owner (emitter, registry) SELECT :emitter, :registry
WHERE NOT EXISTS (SELECT 1 FROM owner)
