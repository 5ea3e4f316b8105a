"""The log of a process that serves or works: one JSON object a line, secrets struck out.

What is said by structlog and by the standard library goes through one handler.
"""

import logging
import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor


SECRET = ("token", "authorization", "cookie", "password", "secret", "csrf", "session", "key")
STRUCK = "[secret]"
Level = Literal["debug", "info", "warning", "error"]
"""The least that is written down; `info` is a line for every request to the dashboard."""


def configure(
    level: Level = "warning", secrets: tuple[str, ...] = (), to: TextIO | None = None
) -> None:
    """Set up the log of this process, on standard error by default; again changes it.

    `secrets` never appear in it, under whatever name. Of other libraries, warnings are written.
    """
    import structlog  # takes 60 ms

    begin: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *begin,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    lines = _Lines(to)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*begin, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                strike(secrets),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _Lines)]:
        root.removeHandler(old)
    root.addHandler(lines)
    logging.getLogger("samovar").setLevel(level.upper())


class _Lines(logging.Handler):
    """Writes to a stream, or to what is standard error at that time; a log stops nobody."""

    def __init__(self, to: TextIO | None) -> None:
        super().__init__()
        self._to = to

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        to = self._to or sys.stderr
        try:
            to.write(self.format(record) + "\n")
            to.flush()
        except (OSError, ValueError):
            return


def strike(secrets: tuple[str, ...]) -> "Processor":
    """Return a step that removes secrets, by the name of their field and by their text."""
    known = tuple(s for s in secrets if len(s) >= 8)

    def striking(_logger: Any, _name: str, event: "EventDict") -> "EventDict":
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
