"""What the doctor says of models, in this very process."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

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
    measured = Profile(context=2048, generate=5.5, threads=2, measured_at=datetime.now(UTC))
    profile.save(anywhere, measured, "embedded")
    shown = (await _row(tmp_path)).text
    assert "here; context 2048, reads 20 and writes 5.5 tokens/s" in shown
    assert shown.endswith("1 at once, 2 threads")
    profile.save(anywhere, replace(measured, threads=0), "embedded")
    assert (await _row(tmp_path)).text.endswith("1 at once"), "not ours to know"


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_a_model_nobody_lists_is_no_model_before_it_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async def closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOSTED_KEY", key)
    async with await asyncio.start_server(closed, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        (tmp_path / "samovar").mkdir()
        table = f'[[models]]\nname = "h"\nmodel = "big"\nurl = "{url}"\nkey = "HOSTED_KEY"\n'
        (tmp_path / "samovar" / "samovar.toml").write_text(table)
        row = await _row(tmp_path, "model")
        assert not row.ok
        assert row.text.startswith(f"big at {url}")
        assert (row.fix == "samovar model probe h") == (key == "wrong")
        profile.save(Endpoint(url=url, model="big"), Profile(measured_at=datetime.now(UTC)))
        assert (await _row(tmp_path, "model")).ok == (key == "wrong")


async def _row(folder: Path, name: str = "embedded") -> health.Finding:
    rows = await health.findings(folder, folder / ".samovar")
    return next(row for row in rows if row.name == name)
