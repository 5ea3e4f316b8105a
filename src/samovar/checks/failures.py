"""The one failure worth telling a model, out of a whole test report."""

import re

LONGEST = 700
"""Characters: about 200 tokens."""


def excerpt(message: str, stopped: str = "") -> str:
    """Return the assertion and its values, without the noise around them."""
    if stopped == "time":
        return "The tests did not end: something loops forever or waits for input."
    lines = message.splitlines()
    marked = [li for li in lines if re.match(r"^(E  |>  )", li)]
    if marked:
        body = [re.sub(r"^[E>] ? ? ?", "", li).rstrip() for li in marked]
        return _cut("\n".join(dict.fromkeys(b for b in body if b.strip())))
    trace = [li for li in lines if li.strip()]
    errors = [li for li in trace if re.match(r"^\w*(Error|Exception|Interrupt)\b", li.strip())]
    start = max(0, len(trace) - 6)
    return _cut("\n".join(trace[start:] if not errors else [*trace[-4:-1], errors[-1]]))


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} ... {text[-half:]}"
