"""Kinds of ModelError that decide whether asking again makes sense, and which an answer means."""

from samovar.core.errors import ModelError, Unusable
from samovar.models.endpoint import Endpoint


class Busy(ModelError):
    """The server asks us to come back later."""

    def __init__(self, text: str, after: float = 0.0) -> None:
        super().__init__(text)
        self.after = after
        """Seconds the server asked for; 0 when it named none."""


class Rejected(ModelError):
    """The server understood the request and refuses it: the same request will fail again."""


class Malformed(Rejected):
    """The server takes the request for badly made; another one may pass."""

    def __init__(self, text: str, told: object) -> None:
        super().__init__(text)
        self.told = told
        """What the server says is wrong, as decoded from JSON."""


class TooLarge(Rejected, Unusable):
    """The prompt and the longest answer do not fit into the model's context; nothing was sent.

    Another prompt may fit.
    """


def refusal(endpoint: Endpoint, status: int, told: object, after: str | None = None) -> ModelError:
    """Return the error that an HTTP status other than 200 means, one line with the address.

    `told` is what the server says of it, `after` its header Retry-After.
    """
    text = f"{endpoint.model} at {endpoint.shown} answered HTTP {status}{_said(told)}"
    match status:
        case 429 | 503:
            return Busy(f"{text}; it is busy, try later", _seconds(after))
        case 401 | 403:
            return Rejected(f"{text}; set its key in .env")
        case 404:
            return Rejected(f"{text}; see 'samovar model list' for what it has")
        case 400 | 422:
            return Malformed(f"{text}; run 'samovar doctor'", told)
        case _ if status < 500:
            return Rejected(f"{text}; run 'samovar doctor'")
    return ModelError(f"{text}; look into the server's log")


def _said(told: object) -> str:
    """Return what an error page says, on one short line; nothing when it is HTML."""
    inner = told.get("message", "") if isinstance(told, dict) else told
    text = " ".join(str(inner or "").split())
    if not text or text.startswith("<"):
        return ""
    return f" ({''.join(c if c.isprintable() else '?' for c in text)[:200]})"


def _seconds(header: str | None) -> float:
    try:
        return min(max(float(header or 0), 0.0), 3600.0)
    except ValueError:
        return 0.0
