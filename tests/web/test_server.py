"""Who may reach a server, and what it writes down."""

import os
import socket
import stat
from urllib.parse import urlsplit

import pytest
from litestar.testing import TestClient

from samovar.core.errors import SetupError
from samovar.web.keys import find_token
from samovar.web.server import _listening, address, desk_of, is_local
from samovar.web.site import site


def test_a_token_is_made_once_and_is_its_owners_alone(tmp_path):
    os.umask(0o022)
    token = find_token(tmp_path / "home", {})
    path = tmp_path / "home" / "web.token"
    assert len(token) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_token(tmp_path / "home", {}) == token
    path.chmod(0o644)
    find_token(tmp_path / "home", {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_of_the_environment_wins_and_must_be_long(tmp_path):
    given = {"SAMOVAR_WEB_TOKEN": "x" * 20, "XDG_CONFIG_HOME": str(tmp_path)}
    assert find_token(tmp_path, given) == "x" * 20
    with pytest.raises(SetupError, match="fewer than 16"):
        find_token(tmp_path, {"SAMOVAR_WEB_TOKEN": "short"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_open_door_needs_a_token_a_person_chose(tmp_path, monkeypatch, host):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("SAMOVAR_WEB_TOKEN", raising=False)
    with pytest.raises(SetupError, match="choose a token first"):
        desk_of(tmp_path, 8000, host=host)
    assert not (tmp_path / "web.token").exists()
    monkeypatch.setenv("SAMOVAR_WEB_TOKEN", "a-token-somebody-chose")
    assert desk_of(tmp_path, 8000, host=host).keys.token == "a-token-somebody-chose"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("0.0.0.0", "http://127.0.0.1:8123"),
        ("::", "http://[::1]:8123"),
        ("127.0.0.1", "http://127.0.0.1:8123"),
        ("::1", "http://[::1]:8123"),
        ("[::1]", "http://[::1]:8123"),
        ("localhost", "http://localhost:8123"),
        ("gpu-box", "http://gpu-box:8123"),
    ],
)
def test_the_address_that_is_printed_is_this_machines_own(host, shown):
    assert address(host, 8123) == shown


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "127.0.0.1", "::1", "localhost"])
def test_the_address_that_is_printed_can_be_opened(host):
    try:
        listening = _listening(host, 0)
    except SetupError:
        assert ":" in host
        pytest.skip("no IPv6 here")
    with listening:
        port = listening.getsockname()[1]
        shown = urlsplit(address(host, port))
        with socket.create_connection((shown.hostname, shown.port), 5) as opened:
            assert opened.getpeername()[1] == port


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_this_machine_is_local(host):
    assert is_local(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "localhost.evil.example", "", "::"])
def test_every_other_is_not(host):
    assert not is_local(host)


def test_a_server_answers_to_its_own_names_only(tmp_path, monkeypatch):
    monkeypatch.setenv("SAMOVAR_WEB_TOKEN", "a-token-somebody-chose")
    monkeypatch.setenv("SAMOVAR_WEB_NAMES", "Team.example.org, ")
    desk = desk_of(tmp_path, 8123)
    own = {"127.0.0.1:8123", "localhost:8123", "[::1]:8123"}
    assert desk.hosts == {*own, "team.example.org", "team.example.org:8123"}
    assert desk.secure, "behind a proxy the cookie travels by HTTPS only"


def test_a_name_of_the_settings_is_let_in_with_the_port_people_type(tmp_path, monkeypatch):
    monkeypatch.setenv("SAMOVAR_WEB_TOKEN", "a-token-somebody-chose")
    monkeypatch.setenv("SAMOVAR_WEB_NAMES", "samovar.example.org")
    desk = desk_of(tmp_path, 8000, host="0.0.0.0")
    with TestClient(site(desk)) as client:
        said = {
            host: client.get("/health", headers={"host": host}).status_code
            for host in ("samovar.example.org:8000", "samovar.example.org", "other.example:8000")
        }
    assert said == {
        "samovar.example.org:8000": 200,
        "samovar.example.org": 200,
        "other.example:8000": 403,
    }
