"""What calls cost and what agents may spend: `credits.json`, in micro-credits. Pure rules.

One credit is a million micro-credits. The file holds budgets and prices; what was spent and what is
left stands in the ledger.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.message import Usage
from samovar.org.problem import Problem, near
from samovar.org.seams import NO_LIMIT

CREDIT = 1_000_000
FILE = "credits.json"
EVERY = "*"
"""The name under which a budget or a price counts for all that have none of their own."""
_MOST = Decimal(10**9)
_PARTS = ("agents", "tariffs")
_FIELDS = ("credits_left", "per_day", "cost_per_action", "model")
"""What the file may hold, and what of an agent."""


class Tariff(Struct, frozen=True, kw_only=True):
    """What a model costs, in micro-credits. A local model may cost by tokens or by seconds."""

    call: int = 0
    prompt: int = 10
    """A token sent."""
    cached: int = 1
    """A token sent that the server had already read."""
    generated: int = 100
    """A token generated."""
    second: int = 0


class Budget(Struct, frozen=True, kw_only=True):
    """What an agent may spend, in micro-credits."""

    credits: int = 1000 * CREDIT
    """Granted once, when the agent is first seen; later ones by `samovar credits add`."""
    per_day: int = NO_LIMIT


class Prices(Struct, frozen=True, kw_only=True):
    """Everything credits.json says."""

    budgets: Mapping[str, Budget] = {}
    tariffs: Mapping[str, Tariff] = {}
    calls: Mapping[str, int] = {}
    """Micro-credits of a call, by agent, where the seed's format names them."""

    def budget(self, agent: str) -> Budget:
        """Return the budget of an agent."""
        return self.budgets.get(agent) or self.budgets.get(EVERY) or Budget()

    def tariff(self, agent: str, model: str) -> Tariff:
        """Return what a model costs an agent."""
        if agent in self.calls:
            return Tariff(call=self.calls[agent], prompt=0, cached=0, generated=0)
        return self.tariffs.get(model) or self.tariffs.get(EVERY) or Tariff()


def price(tariff: Tariff, usage: Usage, seconds: float) -> int:
    """Return what a call costs, in micro-credits; never less than nothing."""
    fresh = max(0, usage.prompt - usage.cached)
    return max(
        0,
        tariff.call
        + tariff.prompt * fresh
        + tariff.cached * usage.cached
        + tariff.generated * usage.generated
        + round(tariff.second * max(0.0, seconds)),
    )


def micro(credits: object) -> int:
    """Return credits as micro-credits, exactly. Raises ValueError for what is no amount."""
    try:
        amount = Decimal("none" if isinstance(credits, bool | list | dict) else str(credits))
    except InvalidOperation as error:
        raise ValueError("is not a number") from error
    if not amount.is_finite() or amount < 0 or amount > _MOST:
        raise ValueError(f"is not between 0 and {_MOST}")
    exact = amount * CREDIT
    if exact != exact.to_integral_value():
        raise ValueError("has more than six decimals")
    return int(exact)


def shown(amount: int) -> str:
    """Return micro-credits as credits for people."""
    text = f"{Decimal(amount) / CREDIT:,.6f}".rstrip("0").rstrip(".")
    return text or "0"


def read(data: bytes) -> tuple[Prices, list[Problem]]:
    """Return what credits.json says, and what is wrong with it; a wrong part is left out.

    The seed's format `{agent: {model, cost_per_action, credits_left}}` is read as well.
    """
    try:
        raw = msgspec.json.decode(data)
    except UNREADABLE as error:
        return Prices(), [_problem("", f"is not JSON: {error}", "mend it, or remove it")]
    if not isinstance(raw, dict):
        return Prices(), [_problem("", "holds no JSON object", "write one: { ... }")]
    said: list[Problem] = []
    own = "agents" in raw or "tariffs" in raw
    said += _strange(raw, _PARTS, "") if own else []
    agents = _objects(raw.get("agents", {}) if own else raw, "agents" if own else "", said)
    tariffs = _objects(raw.get("tariffs", {}) if own else {}, "tariffs", said)
    prices = Prices(
        budgets={n: _budget(n, v, said) for n, v in agents.items()},
        tariffs={n: _tariff(n, v, said) for n, v in tariffs.items()},
        calls={
            n: _amount(v, "cost_per_action", n, 0, said)
            for n, v in agents.items()
            if "cost_per_action" in v
        },
    )
    return prices, said


def amount_of(text: str) -> int:
    """Return an amount of credits as a person writes it, in micro-credits. Raises SetupError."""
    try:
        return micro(text)
    except ValueError as error:
        raise SetupError(f"{text[:20]!r} {error}; write credits, such as 100 or 0.5") from error


def limited(data: bytes, agent: str, per_day: int) -> bytes:
    """Return credits.json with another daily limit of an agent; NO_LIMIT lifts it.

    Everything else stays as it is, fields nobody reads included. Raises SetupError.
    """
    try:
        whole = msgspec.json.decode(data or b'{"agents": {}}')
    except UNREADABLE as error:
        raise SetupError(f"{FILE} is not JSON, so it stays as it is: {error}; mend it") from error
    if not isinstance(whole, dict):
        raise SetupError(f"{FILE} holds no JSON object, so it stays as it is; mend it")
    own = not whole or "agents" in whole or "tariffs" in whole
    agents = whole.setdefault("agents", {}) if own else whole
    mine = agents.get(agent, agents.get(EVERY, {})) if isinstance(agents, dict) else None
    if not isinstance(mine, dict):
        raise SetupError(f"{FILE} says nothing of {agent} that has a limit; see samovar validate")
    rest = {name: value for name, value in mine.items() if name != "per_day"}
    agents[agent] = rest | ({"per_day": _number(per_day)} if per_day < NO_LIMIT else {})
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _number(amount_in_micro: int) -> int | float:
    """Return an amount of credits as JSON writes it."""
    amount = Decimal(amount_in_micro) / CREDIT
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _objects(raw: object, at: str, said: list[Problem]) -> dict[str, dict[str, Any]]:
    if not isinstance(raw, dict):
        said.append(_problem(at, "is no object", 'write one: {"manager": {...}}'))
        return {}
    for name, value in raw.items():
        if not isinstance(value, dict):
            fix = 'write one: {"credits_left": 100}'
            said.append(_problem(f"{at}.{name}".strip("."), "is no object", fix))
    return {n: v for n, v in raw.items() if isinstance(v, dict)}


def _strange(raw: Mapping[str, Any], known: Collection[str], at: str) -> list[Problem]:
    """Return a warning for each field nobody reads: a limit with a wrong name limits nothing."""
    wrong = "is a field nobody reads"
    return [
        Problem(file=FILE, field=f"{at}{key}", wrong=wrong, fix=near(key, known), weight="warning")
        for key in raw
        if key not in known
    ]


def _budget(name: str, raw: Mapping[str, Any], said: list[Problem]) -> Budget:
    standard = Budget()
    said += _strange(raw, _FIELDS, f"{name}.")
    return Budget(
        credits=_amount(raw, "credits_left", name, standard.credits, said),
        per_day=_amount(raw, "per_day", name, standard.per_day, said),
    )


def _amount(
    raw: Mapping[str, Any], field: str, name: str, standard: int, said: list[Problem]
) -> int:
    """Return a field in micro-credits; a wrong one counts as nothing, which stops the agent."""
    if field not in raw:
        return standard
    try:
        return micro(raw[field])
    except ValueError as error:
        said.append(_problem(f"{name}.{field}", str(error), "write credits, such as 100 or 0.01"))
        return 0


def _tariff(name: str, raw: Mapping[str, Any], said: list[Problem]) -> Tariff:
    said += _strange(raw, Tariff.__struct_fields__, f"tariffs.{name}.")
    try:
        found = msgspec.convert(dict(raw), Tariff)
    except msgspec.ValidationError as error:
        fix = "write whole micro-credits: call, prompt, cached, generated, second"
        said.append(_problem(f"tariffs.{name}", f"is wrong: {error}", fix))
        return Tariff()
    if min(msgspec.structs.astuple(found)) < 0:
        said.append(_problem(f"tariffs.{name}", "is below zero", "write 0 or more"))
        return Tariff()
    return found


def _problem(field: str, wrong: str, fix: str) -> Problem:
    return Problem(file=FILE, field=field, wrong=wrong, fix=fix)
