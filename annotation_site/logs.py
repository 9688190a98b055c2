"""Logging: Django's and structlog's lines through the same handlers, at the same level, in the same form."""

from __future__ import annotations

import logging.config
from typing import Any

import structlog


def configure(config: dict[str, Any]) -> None:
    """Called by Django once, with the setting `LOGGING` (its `LOGGING_CONFIG` names this function)."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
