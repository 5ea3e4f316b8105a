"""Which addresses of the web may be asked for. Pure but for asking the kernel for our own.

Source: the WHATWG URL standard, section 3.5 (hosts that end in a number); IANA's registries of
special-purpose addresses; RFC 6052, 3056, 4380 (IPv4 inside IPv6).
"""

import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote

from msgspec import Struct

from samovar.core.errors import ToolError

LENGTH = 2048
"""Longest accepted URL."""
PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(?i)(https?)://([^/?#]*)([/?][^#]*)?(?:#.*)?")
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_GLOBAL6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL6 = tuple(
    ipaddress.IPv6Network(n)
    for n in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "3ffe::/16")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SPECIAL4 = tuple(
    ipaddress.IPv4Network(n)
    for n in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
)


class Web(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[web]` table: what of the web agents may reach; nothing by default."""

    hosts: tuple[str, ...] = ()
    """Whom `fetch` may ask, such as `docs.python.org` or `*.example.org`."""
    searxng: str = ""
    """Address of a SearXNG server."""
    search: bool = False
    """Whether `web_search` is offered."""
    public: bool = True
    """Whether it may ask DuckDuckGo where no SearXNG server is, answers, or finds any."""


class Target(Struct, frozen=True):
    """Where a request goes."""

    scheme: str
    host: str
    """A name in ASCII, or an address without brackets."""
    port: int
    path: str

    @property
    def shown(self) -> str:
        """The whole, as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


@dataclass(frozen=True)
class Hosts:
    """Who may be asked: names, `*.name`, `*` for all that is public, addresses and networks.

    `name:8080` allows another port than 80 and 443. A name leads to a private address only if
    that address, or its network, is listed too.
    """

    names: tuple[tuple[str, int], ...] = ()
    networks: tuple[tuple[Network, int], ...] = ()

    @classmethod
    def of(cls, listed: tuple[str, ...]) -> "Hosts":
        """Read a list from the settings."""
        rows = [row for text in listed if text.strip() for row in _entry(text.strip().lower())]
        names = tuple((h, p) for h, p in rows if isinstance(h, str))
        return cls(names, tuple((h, p) for h, p in rows if not isinstance(h, str)))

    def check(self, target: Target) -> None:
        """Raise ToolError unless the host and port of a URL are allowed."""
        address = as_address(target.host)
        if address is not None and self._listed(address, target.port):
            return
        # An address fits no name but the one that stands for all.
        name = target.host if address is None else "*"
        ports = {port for form, port in self.names if fnmatchcase(name, form)}
        if not ports:
            raise ToolError(f"{target.host} is not an allowed host: a person lists hosts")
        if target.port not in ports and not (0 in ports and target.port in PORTS.values()):
            raise ToolError(f"port {target.port} of {target.host} is not allowed")
        if address is not None:
            self.check_address(target.host, target.port)

    def check_address(self, text: str, port: int) -> None:
        """Raise ToolError unless an address an allowed name leads to may be dialled."""
        address = as_address(text)
        if address is None:
            raise ToolError(f"{text} is no address")
        if self._listed(address, port):
            return
        if not is_public(address) or is_own(address):
            raise ToolError(f"{text} is not an allowed address: it is private and not listed")

    def _listed(self, address: Address, port: int) -> bool:
        return any(
            address.version == network.version and address in network and allowed in (port, 0)
            for network, allowed in self.networks
        )


def parse(url: str) -> Target:
    """Take a URL apart. Raises ToolError for all that is odd about it."""
    if len(url) > LENGTH or any(c <= " " or c in "\\\x7f" for c in url):
        raise ToolError("the URL is too long or holds a character no URL may hold")
    found = _URL.fullmatch(url)
    if found is None:
        raise ToolError(f"{url[:100]!r} is no http or https URL")
    scheme, authority, path = found[1].lower(), found[2], found[3] or "/"
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or "@" in authority:
        raise ToolError(f"{authority[:100]!r} is no plain host: no user, no password")
    port = int(parts[2]) if parts[2] else PORTS[scheme]
    if not 0 < port < 65536:
        raise ToolError(f"{port} is no port")
    path = path if path.startswith("/") else f"/{path}"
    quoted = quote(path, safe="/?&=+$,;:@!*'()~-._%[]", errors="replace")
    return Target(scheme, host_of(parts[1]), port, quoted)


def host_of(text: str) -> str:
    """Return a host as it is asked for and compared. Raises ToolError for an odd one.

    What looks like a number must be an address in its one plain form: 127.1, 0x7f000001 and
    2130706433 are ways around a list.
    """
    if text.startswith("["):
        with suppress(ValueError):
            return str(ipaddress.IPv6Address(text[1:-1]))
        raise ToolError(f"{text} is no address")
    try:
        name = text.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise ToolError(f"{text[:100]!r} is no name of a host") from error
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        with suppress(ValueError):
            return str(ipaddress.IPv4Address(name))
        raise ToolError(f"{text[:100]!r} is a number, not an address as it is written")
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise ToolError(f"{text[:100]!r} is no name of a host")
    return name


def as_address(text: str) -> Address | None:
    """Return an address; nothing for a name."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address, and the IPv4 address inside it, belongs to the open internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL4)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL6 and not any(address in network for network in _SPECIAL6)


def is_own(address: Address) -> bool:
    """Whether an address is this machine's: the kernel then answers from the same one."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        # Connecting such a socket sends nothing.
        probe.connect((str(address), 9))
        return bool(probe.getsockname()[0] == str(address))
    return False


def _entry(text: str) -> Iterator[tuple[str | Network, int]]:
    """Read one entry of a list: a host or a network, and its port, 0 where none is named."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]+)", text)
    host, port = (found[1].strip("[]"), int(found[2])) if found else (text, 0)
    try:
        yield ipaddress.ip_network(host, strict=False), port
    except ValueError:
        yield _pattern(host), port
    if host == "localhost":
        yield ipaddress.ip_network("127.0.0.0/8"), port
        yield ipaddress.ip_network("::1"), port


def _pattern(text: str) -> str:
    if text == "*":
        return text
    start = "*." if text.startswith("*.") else ""
    return start + host_of(text.removeprefix("*."))
