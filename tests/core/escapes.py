"""300 paths that lead, or seem to lead, out of the folder they are used in."""

from itertools import product
from pathlib import Path

UP = ("..", "../..", "./..", "a/../..", "a/b/../../..", "..//", "/w/..", "a/../../desk/..")
TARGETS = ("outside/secret.txt", "outside", "new/file.txt", "../etc/passwd")
FORMS = ("%s", "%s/", "//%s", "./%s", "a/%s", "%s/.", "%s\x00", "%s\n", "\u202e%s")
CODED = ("%2e%2e/outside/secret.txt", "..%2foutside/secret.txt", "..\\outside\\secret.txt")
CODED += ("．．/outside/secret.txt", "%252e%252e/outside", "..;/outside", "....//outside")
PROC = ("/proc/self/environ", "/proc/self/root/etc/passwd", "/proc/1/environ", "/proc/self/mem")
PROC += ("/dev/stdin", "/dev/fd/0", "/dev/zero", "/etc/passwd", "/etc/shadow", "~/.ssh/id_rsa")
LINKS = ("out", "out/secret.txt", "in/../out/secret.txt", "deep/secret.txt", "loop", "loop/x")
LINKS += ("proc", "proc/self/environ", "up/outside/secret.txt", "hop/secret.txt", "dangling/x")
OWNED = (".git/config", ".GIT/config", ".git", ".git./config", "sub/.git/hooks/x", ".samovar/.env")
OWNED += ("git~1/config", ".g\u200cit/config", ".git:x", "gitlink/config", ".Samovar/.env")


def paths(outside: Path) -> list[str]:
    """Return them all; `outside` is a folder beside the one they are used in."""
    ways = [f"{up}/{target}" for up, target in product(UP, TARGETS)]
    found = [form % way for form, way in product(FORMS, ways)]
    return [*found, *CODED, *PROC, *LINKS, *OWNED, str(outside / "secret.txt"), "", " ", "a" * 5000]
