"""The remote side: the address is data from the repository, the transport is ours."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from samovar.core.errors import SetupError
from samovar.repo.command import run

ALLOWED = (
    "-c",
    "protocol.allow=never",
    "-c",
    "protocol.https.allow=always",
    "-c",
    "protocol.http.allow=always",
    "-c",
    "protocol.ssh.allow=always",
    "-c",
    "protocol.file.allow=always",
    "-c",
    "push.gpgSign=false",
    "-c",
    "push.recurseSubmodules=no",
    "-c",
    "push.followTags=false",
)
SECONDS = 180.0
TREES = {"github.com": "tree", "gitlab.com": "-/tree", "bitbucket.org": "branch"}
"""Where the pages of branches lie at hosts that are not Gitea or Forgejo."""


def choose(settings: Mapping[str, str]) -> str:
    """Return the remote to push to: `remote.pushDefault`, `origin`, or the only one; else ""."""
    keys = (re.fullmatch(r"remote\.(.+)\.url", key) for key in settings)
    names = [m.group(1) for m in keys if m is not None]
    wished = settings.get("remote.pushdefault", "")
    if wished in names:
        return wished
    if "origin" in names:
        return "origin"
    return names[0] if len(names) == 1 else ""


def address(settings: Mapping[str, str], folder: Path) -> str:
    """Return the push address. Raises SetupError when there is none, or none that is safe."""
    name = choose(settings)
    if not name:
        raise SetupError("the repository has no remote: run 'git remote add origin URL'")
    url = settings.get(f"remote.{name}.pushurl") or settings[f"remote.{name}.url"]
    if url.startswith("-") or "::" in url.split("/")[0] or not url.isprintable():
        raise SetupError(f"the address of the remote {name} is not one samovar uses: {shown(url)}")
    if re.match(r"(https?|ssh|file)://", url):
        return url
    if _is_scp(url):
        return url
    if "://" in url:
        raise SetupError(f"samovar pushes by https, ssh or to a folder, not to {shown(url)}")
    return str((folder / Path(url).expanduser()).resolve())


async def push(url: str, commit: str, branch: str, env: Mapping[str, str]) -> None:
    """Put the commit on the remote's branch. Raises SetupError with what the remote said."""
    done = await run(
        *ALLOWED,
        "push",
        "--no-verify",
        "--quiet",
        "--no-signed",
        *_helper(url, "receive-pack"),
        "--",
        url,
        f"{commit}:refs/heads/{branch}",
        env={**env, **_ssh(await _ssh_of_the_user())},
        seconds=SECONDS,
    )
    if done.status == 0:
        return
    said = done.error
    if "non-fast-forward" in said or "fetch first" in said:
        raise SetupError(f"{shown(url)} already has another {branch}: nothing was overwritten")
    raise SetupError(f"cannot push to {shown(url)}: {_reason(said)}")


async def tip(url: str, branch: str, env: Mapping[str, str]) -> str:
    """Return the commit the remote's branch stands at, or "". Raises SetupError unreached."""
    asked = await run(
        *ALLOWED,
        "ls-remote",
        *_helper(url, "upload-pack"),
        "--",
        url,
        f"refs/heads/{branch}",
        env={**env, **_ssh(await _ssh_of_the_user())},
        seconds=SECONDS,
    )
    if asked.status != 0:
        raise SetupError(f"cannot ask {shown(url)}: {_reason(asked.error)}")
    for line in asked.text.splitlines():
        digest, _, name = line.partition("\t")
        if name == f"refs/heads/{branch}":
            return digest
    return ""


def page(url: str, branch: str) -> str:
    """Return the page of a branch as Gitea and Forgejo name it; empty for a folder.

    Of an address by ssh nobody can say whether its pages are on https; that is taken for granted.
    """
    if _is_scp(url):
        url = "ssh://" + url.replace(":", "/", 1)
    place = re.match(r"(https?|ssh)://(?:[^/]*@)?([^/]+)/(.+)", url)
    if place is None:
        return ""
    kind, host, path = place.groups()
    if kind == "ssh":
        kind, host = "https", re.sub(r":\d*$", "", host)
    tree = TREES.get(host, "src/branch")
    path = unquote(path.strip("/").removesuffix(".git"))
    return f"{kind}://{host}/{quote(path)}/{tree}/{quote(branch)}"


def shown(url: str) -> str:
    """Return the address without a password or token, fit for a terminal."""
    plain = "".join(c if c.isprintable() else "?" for c in url)
    return re.sub(r"://[^/]*@", "://", plain)


def _is_scp(url: str) -> bool:
    return re.match(r"^[A-Za-z0-9_][\w.-]*(@[A-Za-z0-9_][\w.-]*)?:(?!//)", url) is not None


def _helper(url: str, program: str) -> tuple[str, ...]:
    """Return how the other end of a push into a folder runs: without that repository's hooks.

    A repository that came from elsewhere may name a folder of its own as its remote.
    """
    if not url.startswith(("/", "file://")):
        return ()
    safe = (
        "git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c gc.auto=0 "
        "-c receive.autogc=false -c core.alternateRefsCommand=true "
        "-c receive.denyCurrentBranch=refuse"
    )
    return (f"--{program}={safe} {program}",)


async def _ssh_of_the_user() -> str:
    return (await run("config", "--global", "--get", "core.sshCommand")).text


def _ssh(command: str) -> dict[str, str]:
    return {"GIT_SSH_COMMAND": command or "ssh -o BatchMode=yes"}


def _reason(said: str) -> str:
    lines = [re.sub(r"://[^/@\s]*@", "://", line.strip()) for line in said.splitlines()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "!"))]
    for line in telling or lines:
        if line:
            return line
    return "no reason given"
