"""Which proxy stands before a server: one rule for whatever is asked of models and for weights.

This machine is asked directly. For the rest `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`
hold, in small or capital letters, as other programs have them.
"""

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from samovar.core.errors import Unreachable


def near(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proxy(url: str) -> str:
    """Return the address of the proxy before a server; empty where it is asked directly."""
    parts, known = urlsplit(url), getproxies()
    place = known.get(parts.scheme) or known.get("all", "")
    if not place or near(parts.hostname or "") or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    return place if "://" in place else f"http://{place}"


def by(url: str) -> str:
    """Return what to say of the proxy after a server's name; nothing where there is none."""
    place = proxy(url)
    if not place:
        return ""
    name = urlsplit(url).scheme if getproxies().get(urlsplit(url).scheme) else "all"
    parts = urlsplit(place)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    kinds = "only HTTP proxies are known here: name one, or put the server into no_proxy"
    return f" through {name}_proxy={shown}" + ("" if _spoken(place) else f" ({kinds})")


def way(url: str) -> str | None:
    """Return the proxy to reach a server by. Raises Unreachable for one nobody here speaks to."""
    place = proxy(url)
    if not _spoken(place):
        raise Unreachable(f"{urlsplit(url).hostname} cannot be reached{by(url)}")
    return place or None


def _spoken(place: str) -> bool:
    return not place or urlsplit(place).scheme in ("http", "https")
