"""The key of the house: the token of a home, and the sessions, forms and links made from it.

Nothing is stored but the token itself, and which sessions were logged out of: a session is a signed
date, so a restart of the server ends none of them and brings none back, and a new token ends them
all.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samovar.core.errors import SetupError
from samovar.core.log import write
from samovar.settings import variables

VARIABLE = "SAMOVAR_WEB_TOKEN"
FILE = "web.token"
ENDED = "web.ended"
"""File of the sessions that were logged out of, one a line, until they would have expired."""
SHORTEST = 16
"""Characters of a token a person may choose."""
DAY = 86_400
CODE_SECONDS = 600
SESSION = re.compile(r"(\d+)\.[\w-]+", re.ASCII)
"""What is signed of a session: the second it expires, and what tells it from others."""
SEAL = re.compile(r"[\w-]{12}", re.ASCII)


def new_seal() -> str:
    """Return what tells the forms of one page, as it was shown once, from all others."""
    return secrets.token_urlsafe(9)


def given_token(home: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return the token a person set in the environment or in .env; empty when there is none."""
    return variables(home, environment).get(VARIABLE, "")


def find_token(home: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return the token of a home; the first time it is made and kept in web.token, mode 0600.

    Raises SetupError for a token that could be guessed.
    """
    token = given_token(home, environment) or _kept(home / FILE)
    if not token:
        token = _made(home / FILE)
    if len(token) < SHORTEST:
        raise SetupError(
            f"the web token has {len(token)} characters, fewer than {SHORTEST}: "
            f"put a longer one into {VARIABLE}, or remove it and {home / FILE}"
        )
    return token


def _made(path: Path) -> str:
    """Make a token in a file that was never readable by anybody else."""
    token = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept(path)
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}") from error
    with os.fdopen(handle, "w") as file:
        file.write(f"{token}\n")
        file.flush()
        os.fsync(handle)
    return token


def _kept(path: Path) -> str:
    try:
        path.chmod(0o600)
        return path.read_text().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"cannot read {path}: {error}; remove it for a new token") from error


@dataclass(frozen=True)
class Keys:
    """What a token can sign and recognise."""

    token: str
    ended: Path
    """File of the sessions that were logged out of."""
    days: int = 7
    """How long a session lasts."""
    clock: Callable[[], float] = time.time
    _codes: dict[str, float] = field(default_factory=dict)
    """One-time codes and when they expire."""

    def opens(self, text: str) -> bool:
        """Say whether this is the token."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def session(self) -> str:
        """Return a new session for a cookie."""
        until = int(self.clock()) + self.days * DAY
        body = f"{until}.{secrets.token_urlsafe(9)}"
        return f"{body}.{self._mac('session', body)}"

    def lasts(self, session: str) -> bool:
        """Say whether a session is ours, not ended and not expired."""
        body, _, mac = session.rpartition(".")
        right = self._mac("session", body)
        if not hmac.compare_digest(mac.encode("utf-8", "replace"), right.encode()):
            return False
        return int(body.split(".")[0]) > self.clock() and body not in self._gone()

    def end(self, session: str) -> None:
        """Log out of a session for good. Raises Unwritable for a full disk."""
        gone = sorted({*self._gone(), session.rpartition(".")[0]})
        write(self.ended, "".join(f"{body}\n" for body in gone).encode())

    def _gone(self) -> list[str]:
        """Return the sessions that were logged out of and would still last."""
        try:
            lines = self.ended.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SetupError(f"cannot read {self.ended}: {error.strerror}; mend it") from error
        bodies = (SESSION.fullmatch(line) for line in lines)
        return [b[0] for b in bodies if b and int(b[1]) > self.clock()]

    def form(self, session: str, seal: str = "") -> str:
        """Return what the forms of one page carry: its seal, and the mark of this session.

        What cannot be a seal, such as what somebody wrote into an address, becomes a new one.
        """
        seal = seal if SEAL.fullmatch(seal) else new_seal()
        return f"{seal}.{self._mac('form', f'{seal}.{session}')}"

    def accepts(self, session: str, form: str) -> bool:
        """Say whether a form was made for this session."""
        right = self.form(session, form.partition(".")[0])
        return hmac.compare_digest(form.encode("utf-8", "replace"), right.encode())

    def code(self) -> str:
        """Return a code that opens one session within ten minutes, for a link."""
        made = secrets.token_urlsafe(18)
        self._codes[made] = self.clock() + CODE_SECONDS
        return made

    def spend(self, code: str) -> bool:
        """Use up a code; say whether it was a good one."""
        return self._codes.pop(code, 0.0) > self.clock()

    def _mac(self, purpose: str, text: str) -> str:
        message = f"{purpose}:{text}".encode("utf-8", "replace")
        mac = hmac.new(self.token.encode(), message, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac)[:32].decode()
