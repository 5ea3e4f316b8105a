"""Looking back at all runs: `samovar runs`.

It imports neither boot nor the terminal, so that a thousand runs are listed within half a second.
"""

from pathlib import Path

import msgspec

from samovar.app import App, Summary
from samovar.cli.end import printable
from samovar.cli.home import runs_near


async def runs(repo: Path, as_json: bool) -> int:
    """List every run, the latest first."""
    found = App((await runs_near(repo))[1]).runs()
    if as_json:
        print(msgspec.json.encode(found).decode())
    elif not found:
        print('there are no runs here yet; begin one with: samovar do "TASK"')
    else:
        width = max(len(s.run) for s in found)
        print("\n".join(printable(_line(s, width)) for s in found))
    return 0


def _line(summary: Summary, width: int) -> str:
    when = summary.at.astimezone().strftime("%Y-%m-%d %H:%M")
    state = "waits" if summary.state == "waiting" else summary.state
    return f"{summary.run:<{width}}  {when}  {state:<8} {summary.task[:60]}".rstrip()
