"""Errors that a caller of the kit branches on. Every message holds the values and what to do."""


class SijillError(Exception):
    """Base of everything that the kit raises on purpose."""


class KeyFileError(SijillError):
    """The key file, or the pseudonym secret beside it, is missing, readable by others or wrong."""


class UnreadableFile(SijillError):
    """A whole file cannot be imported: no known format, or it cannot be opened."""


class Unreachable(SijillError):
    """The registry gave no usable answer in the number of tries that was allowed.

    `retry_after`: seconds after which the last answer asked to come back, if it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutboxError(SijillError):
    """The outbox's file cannot be used or written; the message says what was kept of the call."""
