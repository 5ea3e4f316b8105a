"""/docs: the API described on one page of our own; no script, nothing from elsewhere."""

from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from samovar.web.page import Page

METHODS = ("get", "post", "delete", "put", "patch")


class OnePage(OpenAPIRenderPlugin):
    """Shows every operation with its parameters, what it takes and what it returns."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        page: Page = request.app.state.page
        # Litestar leaves default values of structs as they are in Python.
        schema: dict[str, Any] = msgspec.to_builtins(openapi_schema)
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
