"""Structured logs: one JSON object a line on standard error, also of the libraries beneath."""

import logging
import sys

import structlog


def configure_logs(process: str, level: str = "info") -> None:
    """Log as JSON from a level on, every line with the process's name."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
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
    # They tell at length, and again and again, what our own "away" tells in a line.
    for library in ("asyncpg", "kafka"):
        logging.getLogger(library).setLevel(logging.ERROR)
    structlog.contextvars.bind_contextvars(process=process)
