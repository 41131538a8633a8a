-- Whose outbox this is.
SELECT emitter, registry FROM owner
