"""The published JSON Schema of a resume: `samovar validate --schema`."""

from typing import Any

import msgspec

from samovar.org.resume import Resume

ADDRESS = "https://json-schema.org/draft/2020-12/schema"


def published() -> bytes:
    """Return docs/reference/resume.schema.json as it should be."""
    schema: dict[str, Any] = msgspec.json.schema(Resume)
    whole = {"$schema": ADDRESS, "title": "Samovar resume", **schema}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
