"""What the embedded server tells the person who started it."""


class EmbeddedPostgresError(Exception):
    """The server cannot run; the message says what to do about it."""
