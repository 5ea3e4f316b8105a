"""The live line of a terminal."""

import io

import pytest
from rich.console import Console

from samovar.cli.terminal import Terminal


@pytest.mark.parametrize(
    ("have", "bar"),
    [(0, "─" * 20), (511, "━" * 9 + "─" * 11), (1024, "━" * 20)],
)
def test_a_download_is_a_bar(have: int, bar: str) -> None:
    made, shown = Terminal(), Console(file=io.StringIO(), width=120)
    made.progress(have << 20, 1024 << 20)
    with shown.capture() as told:
        shown.print(made)
    made.close()
    assert f" · {bar} {have} of 1024 MB " in told.get()
