import time

import pytest

from samovar.core.errors import ToolError
from samovar.memory.skills.signature import fit_name, signature

DOC = '"""Do something that is useful."""'


def read(head: str, name: str = "act", before: str = "", after: str = ""):
    return signature(f"{before}\n{head}\n    {DOC}\n    return 1\n{after}\n".encode(), name)


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        ("str", str),
        ("int | None", int | None),
        ("'list[str]'", list[str]),
        ("List[int]", list[int]),
        ("typing.Optional[float]", float | None),
        ("dict[str, list[int]]", dict[str, list[int]]),
        ("Literal['a', 'b']", None),
        ("Union[int, str, None]", int | str | None),
        ("int | str | bool | float | None", None),
    ],
)
def test_plain_types_are_understood(hint, kind):
    made = read(f"def act(a: {hint}) -> str:").parameters[0]
    assert kind is None or made.type == kind
    assert made.required


def test_the_whole_signature_is_read():
    made = read(
        "async def act(a: int, b: str = 'x', *, c: float = -1.5, d: list[int] = []) -> bool:",
        after="def test_a():\n    assert act(1)\n\ndef test_b():\n    act(1)\n\n"
        "def test_c():\n    assert True\n",
    )
    assert made.description == "Do something that is useful."
    assert [(p.name, p.default) for p in made.parameters[1:]] == [
        ("b", "x"),
        ("c", -1.5),
        ("d", []),
    ]
    assert made.returns is bool
    assert made.tests == ("test_a",)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("def act(a) -> int:", "a needs a type hint"),
        ("def act(a: int):", "type hint for what it returns"),
        ("def act(a: int | list[int] | list[str]) -> int:", "mixes kinds"),
        ("def act(a: Literal['a', 1]) -> int:", "Literal takes"),
        ("def act(a: Literal[True]) -> int:", "Literal takes"),
        ("def act(a: dict[int, str]) -> int:", "plain data"),
        ("def act(a: open) -> int:", "not open"),
        ("def act(a: list[list[list[list[list[int]]]]]) -> int:", "deeper than 4"),
        ("def act(a: int = 2.5) -> int:", "does not fit its type"),
        ("def act(a: list[int] = [1]) -> int:", "shared by all calls"),
    ],
)
def test_what_is_unfit_is_said_in_one_line(head, said):
    with pytest.raises(ToolError) as caught:
        read(head)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["act", "a1", "long_" * 8])
def test_plain_names_are_fit(name):
    assert fit_name(name) == name


@pytest.mark.parametrize("deep", ["(" * 5_000, "-" * 30_000 + "1", "[" * 150 + "]" * 150])
def test_deep_nesting_ends_quickly(deep):
    began = time.process_time()
    source = f"def act(a: int = {deep}) -> int:\n    {DOC}\n    return 1\n"
    with pytest.raises(ToolError):
        signature(source.encode(), "act")
    assert time.process_time() - began < 5
