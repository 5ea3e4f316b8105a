"""What the doctor says of models, in this very process."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from samovar.boot import EMBEDDED
from samovar.cli import health
from samovar.models import profile, weights
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile


async def test_what_was_measured_of_the_embedded_model_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "here", lambda _entry: True)
    assert (await _row(tmp_path)).text == f"{EMBEDDED}: here; not measured"
    own = weights.place(weights.find(EMBEDDED))
    anywhere = Endpoint(url="http://127.0.0.1:40123/v1", model=own.stem)
    measured = Profile(context=2048, generate=5.5, measured_at=datetime.now(UTC))
    profile.save(anywhere, measured, "embedded")
    assert "here; context 2048, reads 20 and writes 5.5 tokens/s" in (await _row(tmp_path)).text


async def _row(folder: Path) -> health.Finding:
    rows = await health.findings(folder, folder / ".samovar")
    return next(row for row in rows if row.name == "embedded")
