"""The body of a request, read before any route sees it, and given on as it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from litestar.types import Receive, Scope

LARGEST = 1 << 20
"""Bytes a request may carry."""
FORM = "application/x-www-form-urlencoded"
MOST = 100
"""Fields of a form."""


@dataclass(frozen=True)
class Body:
    """What was read of a request, up to its end or a little beyond the limit."""

    data: bytes
    messages: tuple[Any, ...]

    @property
    def cut_off(self) -> bool:
        """Whether its sender went away in the middle of it."""
        return bool(self.messages[-1]["type"] == "http.disconnect")

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of a form; none where it has more than any of ours."""
        try:
            return dict(parse_qsl(self.data.decode("utf-8", "replace"), max_num_fields=MOST))
        except ValueError:
            return {}

    def again(self, receive: Receive) -> Receive:
        """Return what gives the messages once more, and then what comes after them."""
        left = list(self.messages)

        async def receiving() -> Any:
            return left.pop(0) if left else await receive()

        return receiving


async def read(receive: Receive) -> Body:
    """Return the body of a request."""
    messages: list[Any] = []
    data = b""
    more = True
    while more and len(data) <= LARGEST:
        message: Any = await receive()
        messages.append(message)
        more = message["type"] == "http.request" and message.get("more_body", False)
        data += message.get("body", b"") if message["type"] == "http.request" else b""
    return Body(data, tuple(messages))


def kind_of(given: str) -> str:
    """Return a content type without its parameters."""
    return given.partition(";")[0].strip().lower()


def is_form(scope: Scope) -> bool:
    """Say whether a request is a form as browsers send them from our pages."""
    if scope.get("method") != "POST":
        return False
    kinds = [v.decode("latin-1") for n, v in scope["headers"] if n == b"content-type"]
    return kind_of(next(iter(kinds), "")) == FORM
