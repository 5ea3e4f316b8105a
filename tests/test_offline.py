"""What `scripts/offline.sh` keeps a command from, as .ci/run uses it for the demo."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "offline.sh"
TRY = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as own:
    socket.create_connection(own.getsockname()).close()
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
except OSError as error:
    print(type(error).__name__)
"""


def test_a_command_without_a_network_reaches_itself_and_nobody_else():
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = [SCRIPT, sys.executable, "-c", TRY, str(server.getsockname()[1])]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    if done.stderr.startswith("not run without a network: "):
        pytest.skip(done.stderr)
    assert (done.stdout, done.stderr) == ("ConnectionRefusedError\n", "")
