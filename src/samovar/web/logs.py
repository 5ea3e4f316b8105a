"""The server's log: one JSON object a line on standard error, secrets struck out."""

import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

SECRET = ("token", "authorization", "cookie", "password", "secret", "csrf", "session", "key")
STRUCK = "[secret]"


def configure(secrets: tuple[str, ...] = (), to: TextIO = sys.stderr, level: str = "INFO") -> None:
    """Set up the log of this process; `secrets` never appear in it, under whatever name."""
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        strike(secrets),
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(to),
        cache_logger_on_first_use=False,
    )


def strike(secrets: tuple[str, ...]) -> Callable[[Any, str, EventDict], EventDict]:
    """Return a step that removes secrets, by the name of their field and by their text."""
    known = tuple(s for s in secrets if len(s) >= 8)

    def striking(_logger: Any, _name: str, event: EventDict) -> EventDict:
        return {k: _clean(k, v, known) for k, v in event.items()}

    return striking


def _clean(name: str, value: Any, known: tuple[str, ...]) -> Any:
    if any(word in name.lower() for word in SECRET):
        return STRUCK
    if isinstance(value, dict):
        return {k: _clean(str(k), v, known) for k, v in value.items()}
    if not isinstance(value, str):
        return value
    for secret in known:
        value = value.replace(secret, STRUCK)
    return value
