"""Which embedder a home has; the memory itself is in test_recall.py."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from samovar.boot import embedder, remember
from samovar.core.errors import SetupError


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = [
            {"index": n, "embedding": [1.0, 0.0] if "tea" in t or "drink" in t else [0.0, 1.0]}
            for n, t in enumerate(asked["input"])
        ]
        body = json.dumps({"data": rows}).encode()
        self.send_response(200 if self.path == "/v1/embeddings" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SAMOVAR_EMBEDDINGS", raising=False)
    made = tmp_path / "home"
    made.mkdir()
    return made


async def test_any_server_with_embeddings_serves(home):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        (home / "samovar.toml").write_text(
            'embeddings = "vectors"\n[[models]]\nname = "vectors"\nmodel = "nomic"\n'
            f'url = "http://127.0.0.1:{server.server_address[1]}/v1"\n'
        )
        memory = remember(home, "ada")
        await memory.store("We have green tea.", "owner")
        await memory.store("The sky is blue.", "owner")
        assert [n.text for n in await memory.search("drink?", 1)] == ["We have green tea."]
        assert memory.complaint == ""
        server.shutdown()
        thread.join()
    memory.close()


async def test_a_server_that_is_gone_leaves_full_text(home):
    (home / "samovar.toml").write_text(
        'embeddings = "v"\n[[models]]\nname = "v"\nmodel = "m"\nurl = "http://127.0.0.1:9/v1"\n'
    )
    memory = remember(home, "ada")
    await memory.store("We have green tea.", "owner")
    assert [n.text for n in await memory.search("green")] == ["We have green tea."]
    assert "m at http://127.0.0.1:9/v1 gives no embeddings" in memory.complaint
    memory.close()


def test_a_name_without_a_table_is_said(home):
    (home / "samovar.toml").write_text('embeddings = "v"\n')
    with pytest.raises(SetupError, match="add a \\[\\[models\\]\\] table of that name"):
        embedder(home)


def test_without_either_notes_are_found_by_their_words(home):
    assert embedder(home) is None
