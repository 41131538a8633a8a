"""Structured logs: one JSON object a line on standard error, also of the libraries beneath."""

import logging
import sys

import structlog


def configure_logs(process: str) -> None:
    """Log as JSON, every line with the process's name."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    # Its pool tells with a traceback what our own "database away" tells in a line.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
    structlog.contextvars.bind_contextvars(process=process)
