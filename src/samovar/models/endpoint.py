"""Where a model answers."""

from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import force_setattr

from samovar.core.errors import SetupError

Kind = Literal["llama.cpp", "ollama", "lmstudio", "vllm", "other"]


class Endpoint(Struct, frozen=True, kw_only=True):
    """One model of one OpenAI-compatible server."""

    url: str
    """With its version, such as http://127.0.0.1:8080/v1; an address without a path means /v1."""
    model: str
    key: str = ""
    """Secret; it goes into the Authorization header and nowhere else."""
    kind: Kind = "other"
    """Which server it is; decides what beyond the OpenAI protocol may be asked of it."""
    context: int = 0
    """Tokens it holds, as a person says, for a server that does not tell; 0: nobody said."""
    listed: bool = True
    """Whether the server lists its models; else nothing says that it has this one."""

    def __post_init__(self) -> None:
        """Raise SetupError when the address cannot be one."""
        try:
            parts = urlsplit(self.url)
            whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            whole = False
        if not whole or any(c.isspace() or not c.isprintable() for c in self.url):
            raise SetupError(
                f"{self.url!r} is not the address of a model server: "
                "write it like http://127.0.0.1:8080/v1"
            )
        plain = self.url.rstrip("/")
        force_setattr(self, "url", plain if parts.path.strip("/") else f"{plain}/v1")

    def __repr__(self) -> str:
        return f"Endpoint(url={self.shown!r}, model={self.model!r}, kind={self.kind!r})"

    @property
    def root(self) -> str:
        """The address without its version, where a server's own routes live."""
        return self.url.removesuffix("/v1")

    @property
    def shown(self) -> str:
        """The address as people may see it: without user name and password."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def unthought(kind: Kind) -> dict[str, Any]:
    """Return the fields that ask a kind of server for no thoughts; none where nobody knows any.

    Models that may think or not answer at once: thoughts would use up what an answer may take.
    """
    match kind:
        case "llama.cpp" | "vllm":
            return {"chat_template_kwargs": {"enable_thinking": False}}
        case "ollama":
            return {"reasoning_effort": "none"}
        case "lmstudio" | "other":
            return {}
