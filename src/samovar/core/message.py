"""What goes to a model and what comes back."""

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from samovar.core.text import joined


class Usage(Struct, frozen=True):
    """Tokens of one or more model calls, as the server counted them."""

    prompt: int = 0
    """Tokens sent, cached ones included."""
    cached: int = 0
    """Of these, tokens the server took from its prefix cache."""
    generated: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.generated + other.generated,
        )


class Message(Struct, frozen=True):
    """One line of a conversation, in the shape every chat model accepts."""

    role: Literal["system", "user", "assistant"]
    text: str


class Sampling(Struct, frozen=True, omit_defaults=True):
    """How the next token is drawn. A field that is None is left to the server."""

    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    repeat_penalty: float | None = None
    seed: int | None = None


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question to a model."""

    messages: tuple[Message, ...]
    limit: int
    """At most this many tokens are generated. There is no request without a cap."""
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    """A JSON Schema the whole answer must fit; validated, since servers ignore it silently."""


class Reply(Struct, frozen=True, kw_only=True):
    """One answer of a model; its text holds no half characters."""

    text: str
    usage: Usage = Usage()
    finish: Literal["stop", "length", "repetition"] = "stop"
    """Why it ended; `repetition` means samovar cut a model that repeated itself."""
    seconds: float = 0.0
    model: str = ""
    complaint: str = ""
    """Why there is no text that could be used."""

    def __post_init__(self) -> None:
        """Join the halves of characters: no log and no file can hold one."""
        force_setattr(self, "text", joined(self.text))
