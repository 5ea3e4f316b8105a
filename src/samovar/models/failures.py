"""Kinds of ModelError that decide whether asking again makes sense."""

from samovar.core.errors import ModelError


class Busy(ModelError):
    """The server asks us to come back later."""

    def __init__(self, text: str, after: float = 0.0) -> None:
        super().__init__(text)
        self.after = after
        """Seconds the server asked for; 0 when it named none."""


class Rejected(ModelError):
    """The server understood the request and refuses it: the same request will fail again."""


class TooLarge(Rejected):
    """The prompt and the longest answer do not fit into the model's context; nothing was sent."""
