"""The pages: which parts each has, what they show, and how they stay up to date."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from samovar.web import views
from samovar.web.desk import Desk
from samovar.web.live import Update, partial
from samovar.web.page import Page


@dataclass(frozen=True)
class Scene:
    """A page made of parts that can each be replaced."""

    name: str
    """Also the folder of its parts in templates/parts."""
    title: str
    parts: tuple[str, ...]
    view: Callable[[Desk, views.Query], Awaitable[views.Data]]
    pace: float = 0.5


SCENES: Mapping[str, Scene] = {
    s.name: s
    for s in (
        Scene("team", "Team", ("waiting", "agents", "running", "today", "recent"), views.team),
        Scene("runs", "Runs", ("table",), views.runs),
        Scene("board", "Board", ("columns",), views.board),
        Scene("agents", "Agents", ("table",), views.agents),
        Scene("agent", "Agent", ("head", "talk", "about", "queue", "messages"), views.agent),
        Scene("org", "Organisation", ("graph",), views.org, pace=5.0),
        Scene("credits", "Credits", ("left", "spent", "ledger"), views.credit, pace=5.0),
        Scene("approvals", "Approvals", ("list",), views.approvals),
        Scene("approval", "Approval", ("answer",), views.approval, pace=1.0),
        Scene("system", "System", ("status",), views.system, pace=2.0),
    )
}


async def draw(desk: Desk, page: Page, scene: Scene, query: views.Query) -> dict[str, str]:
    """Return the parts of a page as they are now."""
    data = await scene.view(desk, query)
    return render(page, scene.name, scene.parts, data)


def render(
    page: Page, folder: str, parts: tuple[str, ...], data: Mapping[str, Any]
) -> dict[str, str]:
    """Return parts as HTML."""
    return {name: page.part(f"parts/{folder}/{name}.html", data) for name in parts}


@dataclass
class SceneSource:
    """The live source of a page; whoever comes back gets every part that is not the same."""

    desk: Desk
    page: Page
    scene: Scene
    query: views.Query
    _shown: dict[str, str] = field(default_factory=dict)

    @property
    def pace(self) -> float:
        """Seconds between two looks."""
        return self.scene.pace

    async def look(self) -> Update | None:
        """Return the parts that changed."""
        parts = await draw(self.desk, self.page, self.scene, self.query)
        changed = {n: h for n, h in parts.items() if self._shown.get(n) != h}
        self._shown = parts
        return self._update(changed)

    async def since(self, id: str, /) -> Update | None:
        """Return everything, unless it was seen."""
        return None if id == stamp(self._shown) else self._update(self._shown)

    def _update(self, parts: Mapping[str, str]) -> Update | None:
        html = "".join(partial(f"part-{name}", text) for name, text in parts.items())
        return Update(stamp(self._shown), html) if html else None


def stamp(parts: Mapping[str, str]) -> str:
    """Return what names a state of a page."""
    text = "\0".join(parts[name] for name in sorted(parts))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
