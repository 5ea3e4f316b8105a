"""Answers of a fixed form through the library outlines, on any OpenAI-compatible server.

The optional other way: `choices` asks by `response_format` itself. Source:
https://dottxt-ai.github.io/outlines, models/openai.
"""

import time
from dataclasses import dataclass
from typing import Any

from samovar.core.errors import ModelError, SetupError
from samovar.core.message import Reply, Request
from samovar.core.seams import Model
from samovar.models.endpoint import Endpoint
from samovar.models.openai import client, fit
from samovar.models.profile import UNMEASURED, Profile

_SECONDS = 600.0


@dataclass(frozen=True)
class Outlined:
    """A model that answers requests with a schema through outlines, and all others itself.

    The library tells no numbers of tokens, so such a reply counts none.
    """

    model: Model
    endpoint: Endpoint
    profile: Profile = UNMEASURED

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer.

        Raises TooLarge before anything is sent when it would not fit, SetupError without outlines,
        ModelError without an answer.
        """
        if request.schema is None:
            return await self.model.reply(request)
        await fit(self.endpoint, self.profile, request)
        began = time.monotonic()
        text = await _answer(self.endpoint, request, request.schema)
        return Reply(text=text, seconds=time.monotonic() - began, model=self.endpoint.model)


async def _answer(endpoint: Endpoint, request: Request, schema: dict[str, Any]) -> str:
    try:
        import outlines  # an optional extra of many packages
        from openai import OpenAIError
        from outlines.exceptions import OutlinesError
    except ImportError as error:
        raise SetupError("outlines is missing: pip install 'samovar[outlines]'") from error
    rows: Any = [{"role": m.role, "content": m.text} for m in request.messages]
    form = outlines.json_schema(schema)
    sampling = request.sampling
    async with client(endpoint, _SECONDS) as reached:
        outlined = outlines.from_openai(reached, endpoint.model)
        try:
            text = await outlined(
                outlines.inputs.Chat(rows),
                form,
                max_tokens=request.limit,
                temperature=sampling.temperature,
            )
        except (OpenAIError, OutlinesError) as error:
            raise ModelError(f"{endpoint.shown} gave no answer to outlines: {error}") from error
    if not isinstance(text, str):
        raise ModelError(f"{endpoint.shown} gave no text to outlines")
    return text
