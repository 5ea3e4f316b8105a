"""What a client is told when it gets no answer, in the shape OpenAI's API has for errors."""

from typing import Any


class Fault(Exception):
    """An error for the client: an HTTP status, a type, a code and one line."""

    def __init__(
        self, status: int, text: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.param = param

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of the answer."""
        kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
        kind = kinds.get(self.status, "invalid_request_error")
        return {
            "error": {
                "message": str(self),
                "type": "server_error" if self.status >= 500 else kind,
                "param": self.param,
                "code": self.code,
            }
        }


def invalid(text: str, param: str | None = None) -> Fault:
    """Return the fault of a request that cannot be understood."""
    return Fault(400, text, param=param)


def too_long(size: int, most: int) -> Fault:
    """Return the fault of a conversation that has more tokens than the model can hold."""
    text = (
        f"This model's maximum context length is {most} tokens. However, your messages resulted "
        f"in {size} tokens. Please reduce the length of the messages."
    )
    return Fault(400, text, code="context_length_exceeded", param="messages")
