"""Which tools a resume may name here: what comes along, the skills of the home, MCP servers."""

from pathlib import Path

from samovar.companion.tools import lacking
from samovar.memory.skills.shelf import Shelf
from samovar.org.legs import TOOLS
from samovar.org.validate import Known
from samovar.settings import Settings

BUILT_IN = frozenset(
    {
        *("list_files", "read_file", "search", "write_file", "edit_text", "edit_symbol", "nvim"),
        *("shell", "python", "data_view", "fetch", "web_search", "ask"),
        *("memory", "notebook", "promote_skill", "skill_source"),
    }
)
"""The tools that come along."""


def known(home: Path, settings: Settings, models: frozenset[str] = frozenset()) -> Known:
    """Return what resumes of a home may name, and why the rest is not to be had."""
    skills = {kept.skill.name for kept in Shelf(home / "skills").all() if kept.enabled}
    return Known(
        models=models,
        tools=TOOLS | skills,
        absent=absent(settings),
        servers=frozenset(settings.mcp),
        rules=settings.rules,
    )


def absent(settings: Settings) -> dict[str, str]:
    """Return the tools that cannot be used now, each with what would help."""
    future = dict.fromkeys(TOOLS - BUILT_IN, "remove it; nothing does it in this version")
    return future | lacking(settings)
