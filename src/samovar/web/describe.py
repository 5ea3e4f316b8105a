"""/docs: the API described on one page of our own; no script, nothing from elsewhere."""

from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from samovar.web.page import Page

METHODS = ("get", "post", "delete", "put", "patch")
ERRORS = {
    "400": "The request is malformed: the text names what is wrong.",
    "401": "The token is missing or wrong.",
    "403": "A rule or a person said no, or the request came from another site.",
    "404": "Nothing of that name or number is here.",
    "409": "It cannot be done now: the text says what to do.",
    "413": "The request has more than 1 MiB.",
    "422": "The Idempotency-Key was used for another request.",
    "503": "A model or the database cannot be reached, or too many streams are open: try again.",
}
ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "status": {"type": "integer"}},
    "required": ["error", "status"],
    "description": "What is wrong, and what to do.",
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "However often it is delivered, the request is acted on once; kept for a day.",
    "schema": {"type": "string", "maxLength": 200},
}
SEEN = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The last entry that was seen: a live stream begins after it.",
    "schema": {"type": "string"},
}
EVENTS = "/api/runs/{run}/events"


def whole(found: dict[str, Any]) -> dict[str, Any]:
    """Return a description with what Litestar cannot know: our errors, keys and live streams."""
    # Litestar leaves default values of structs as they are in Python.
    schema: dict[str, Any] = msgspec.to_builtins(found)
    schema["components"]["schemas"]["Error"] = ERROR
    for methods in schema["paths"].values():
        for method in METHODS:
            if method in methods:
                _complete(methods[method], method)
    events = schema["paths"][EVENTS]["get"]
    events["parameters"].append(SEEN)
    rows = {"type": "array", "items": {"type": "object"}}
    events["responses"]["200"]["content"] = {
        "application/json": {"schema": rows},
        "text/event-stream": {"schema": {"type": "string"}},
    }
    return schema


def _complete(operation: dict[str, Any], method: str) -> None:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for code, said in ERRORS.items():
        if method == "post" or code not in ("413", "422"):
            operation["responses"][code] = {"description": said, "content": content}
    if method == "post":
        operation.setdefault("parameters", []).append(KEY)


class Machines(JsonRenderPlugin):
    """The description as JSON, for other programs."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the description."""
        return self.render_json(request, whole(openapi_schema))


class OnePage(OpenAPIRenderPlugin):
    """Shows every operation with its parameters, what it takes and what it returns."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        page: Page = request.app.state.page
        schema = whole(openapi_schema)
        data = {
            "groups": operations(schema),
            "schemas": schema.get("components", {}).get("schemas", {}),
            "name": "docs",
        }
        return page.bytes_of(request.scope, "docs.html", data)


def operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one record for each operation, in the order of their paths."""
    found: list[dict[str, Any]] = []
    for path, methods in sorted(schema["paths"].items()):
        for method in METHODS:
            if method in methods:
                found.append(_operation(path, method, methods[method]))
    return found


def _operation(path: str, method: str, about: dict[str, Any]) -> dict[str, Any]:
    body = about.get("requestBody", {}).get("content", {})
    return {
        "id": f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        "method": method.upper(),
        "path": path,
        "summary": about.get("description") or about.get("summary", ""),
        "parameters": about.get("parameters", []),
        "takes": _named(next(iter(body.values()), {})),
        "returns": {
            code: _named(next(iter(r.get("content", {}).values()), {}))
            for code, r in about.get("responses", {}).items()
            if code not in ERRORS
        },
    }


def _named(content: dict[str, Any]) -> str:
    """Return a schema in a word: the name of a component, or its type."""
    shape = content.get("schema", {})
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if shape.get("type") == "array":
        inner = _named({"schema": shape.get("items", {})})
        return f"list of {inner or 'anything'}"
    if "oneOf" in shape:
        return " or ".join(_named({"schema": s}) for s in shape["oneOf"])
    return str(shape.get("type", ""))
