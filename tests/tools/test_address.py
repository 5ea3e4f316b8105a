"""200 addresses that mean the inside: none is dialled."""

import asyncio
import socket
from itertools import cycle

import pytest

from samovar.core.errors import ToolError
from samovar.tools import dial
from samovar.tools.address import Hosts, host_of, is_own, is_public, parse

LOOPBACK = ("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0.0.0.0", "0", "localhost")
LOOPBACK += ("2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1", "0127.0.0.1")
LOOPBACK += ("127.0.0.1.", "127.000.000.001", "0x7f.1", "0X7F.0X0.0X0.0X1", "4294967295", "1e9")
LOOPBACK += (
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "loc\u00adalhost",
    "LOCALHOST",
)
V6 = (
    "::1",
    "::",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "::7f00:1",
)
V6 += ("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "fe80::1", "fc00::1")
V6 += ("fd00:ec2::254", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "ff02::1")
V6 += ("64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::", "2001::1")
V6 += ("2001:0:7f00:1::", "2001:db8::1", "100::1", "fec0::1", "5f00::1", "3fff::1")
PRIVATE = (
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "100.64.0.1",
)
PRIVATE += ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "198.18.0.1")
PRIVATE += ("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "203.0.113.7", "192.88.99.1")
NAMES = (
    "evil.test",
    "a.evil.test",
    "metadata.google.internal",
    "bücher.test",
    "xn--bcher-kva.test",
)
AUTHORITIES = ("user@{0}", "user:pw@{0}", "good.test@{0}", "{0}@good.test", "good.test%00@{0}")
AUTHORITIES += ("good.test\\@{0}", "good.test%40{0}", "{0}%2egood.test", "{0}:80:80", "{0}:0")
AUTHORITIES += ("{0}:99999", "[{0}]", "{0}%20", " {0}", "{0}\t", "{0}\x00.good.test", "{0}\r\nX: y")
SCHEMES = ("file://{0}/", "ftp://{0}/", "gopher://{0}/", "javascript:{0}", "http:/{0}", "http:{0}")
SCHEMES += (
    "//{0}/",
    "{0}",
    "dict://{0}:11211/",
    "http:///{0}",
    "http://",
    "http://?{0}",
    "data:,{0}",
)
ZONES = ("http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1", "http://::1/")


def urls(port: int, own: str) -> list[str]:
    """Two hundred and more, with the port of a server that listens on every address."""
    hosts = [*LOOPBACK, *PRIVATE, own, *NAMES, *(f"[{a}]" for a in V6)]
    found = [f"http://{h}:{port}/" for h in hosts] + [f"http://{h}/latest/meta-data" for h in hosts]
    authorities = [form.format(h) for form in AUTHORITIES for h in ("127.0.0.1", "localhost")]
    return [
        *found,
        *(f"http://{a}/" for a in authorities),
        *(form.format(f"127.0.0.1:{port}") for form in SCHEMES),
        *ZONES,
    ]


@pytest.fixture
async def server():
    """A server on every address of this machine; it counts who comes."""
    reached = []

    async def answer(reader, writer):
        line = (await reader.readline()).decode("latin-1")
        reached.append(line)
        path = line.split()[1]
        target = path.partition("?to=")[2]
        head = (
            f"302 Found\r\nLocation: {target}" if target else "200 OK\r\nContent-Type: text/plain"
        )
        writer.write(
            f"HTTP/1.1 {head}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    running = await asyncio.start_server(answer, "0.0.0.0", 0)
    async with running:
        yield running.sockets[0].getsockname()[1], reached


def own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.2"
        return str(probe.getsockname()[0])


def leading(*addresses: str):
    async def resolve(_host, _port):
        return addresses

    return resolve


async def test_200_urls_reach_nothing_inside(server):
    port, reached = server
    every = urls(port, own_address())
    assert len(set(every)) >= 200
    inside = cycle([a for a in (*PRIVATE, *V6, "127.0.0.1") if a[0].isdigit() or ":" in a])

    async def resolve(_host, _port):
        return (next(inside),)

    for url in every:
        with pytest.raises(ToolError) as caught:
            await dial.get(url, Hosts.of(("*", f"*:{port}")), resolve)
        assert "\n" not in str(caught.value)
        assert "answer on port" not in str(caught.value), f"{url} was dialled"
    assert reached == []


async def test_the_server_can_be_reached_when_it_is_listed(server):
    """Without this the test above could not fail."""
    port, reached = server
    for listed in (f"127.0.0.1:{port}", "127.0.0.0/8", f"localhost:{port}"):
        page = await dial.get(f"http://127.0.0.1:{port}/", Hosts.of((listed,)))
        assert page.data == b"hi"
    names = Hosts.of((f"wiki.test:{port}", "127.0.0.1"))
    assert (await dial.get(f"http://wiki.test:{port}/", names, leading("127.0.0.1"))).data == b"hi"
    assert len(reached) == 4


async def test_without_a_network_one_line_says_so(monkeypatch):
    def nobody(*_asked, **_more):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(ToolError) as caught:
        await dial.get("https://docs.test/page", Hosts.of(("docs.test",)))
    assert str(caught.value) == "docs.test is not known here: no network, or no such name"


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://localhost/", "http://other.test/", "file:///etc/passwd",
     "//[::1]/", "http://2130706433/", "http://user@127.0.0.1/", "gopher://127.0.0.1/", "http://127.0.0.1:22/"],
)  # fmt: skip
async def test_a_redirection_is_checked_like_a_request(server, target):
    port, reached = server
    with pytest.raises(ToolError):
        await dial.get(f"http://127.0.0.1:{port}/?to={target}", Hosts.of((f"127.0.0.1:{port}",)))
    assert len(reached) == 1


async def test_a_chain_of_redirections_ends(server):
    port, reached = server
    with pytest.raises(ToolError, match="redirects more than 5 times"):
        url = f"http://127.0.0.1:{port}/?to=/?to=/?to=/?to=/?to=/?to=/?to=/?to=/"
        hosts = Hosts.of((f"127.0.0.1:{port}",))
        await dial.get(url.replace("to=/", f"to=http://127.0.0.1:{port}/"), hosts)
    assert len(reached) == 6


async def test_a_name_that_changes_its_mind_is_resolved_once_and_dialled_as_checked(server):
    port, reached = server
    answers = iter([("93.184.215.14",), ("127.0.0.1",), ("127.0.0.1",)])
    asked = []

    async def rebinding(host, _port):
        asked.append(host)
        return next(answers)

    hosts = Hosts.of((f"evil.test:{port}",))
    with pytest.raises(
        ToolError, match=r"does not answer|not an allowed address|cannot be fetched"
    ):
        await asyncio.wait_for(dial.get(f"http://evil.test:{port}/", hosts, rebinding), 25)
    assert asked == ["evil.test"] and reached == []


async def test_one_bad_address_among_good_ones_is_enough_to_refuse(server):
    port, reached = server
    hosts = Hosts.of((f"mixed.test:{port}",))
    with pytest.raises(ToolError, match=r"127.0.0.1 is not an allowed address"):
        resolve = leading("93.184.215.14", "127.0.0.1")
        await dial.get(f"http://mixed.test:{port}/", hosts, resolve)
    assert reached == []


@pytest.mark.parametrize(
    ("listed", "url", "fine"),
    [
        ("docs.test", "https://docs.test/x", True),
        ("docs.test", "https://DOCS.test./x", True),
        ("docs.test", "https://sub.docs.test/x", False),
        ("docs.test", "https://docs.test:8443/x", False),
        ("docs.test:8443", "https://docs.test:8443/x", True),
        ("*.docs.test", "https://a.docs.test/x", True),
        ("*.docs.test", "https://docs.test.evil.test/x", False),
        ("*.docs.test", "https://evildocs.test/x", False),
        ("*", "https://any.test/x", True),
        ("*", "https://93.184.215.14/x", True),
        ("docs.test", "https://93.184.215.14/x", False),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("bücher.test", "http://xn--bcher-kva.test/", True),
    ],
)
def test_hosts_mean_what_they_say(listed, url, fine):
    hosts, target = Hosts.of((listed,)), parse(url)
    if fine:
        hosts.check(target)
    else:
        with pytest.raises(ToolError):
            hosts.check(target)


def test_names_are_compared_in_their_one_form():
    assert host_of("BÜCHER.test.") == "xn--bcher-kva.test"
    assert host_of("１９３.184.215.14") == "193.184.215.14"
    assert parse("http://a.test/ä?q=ü#part").shown == "http://a.test/%C3%A4?q=%C3%BC"


def test_public_is_what_the_registries_call_global():
    import ipaddress as ip

    for text in ("93.184.215.14", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"):
        assert is_public(ip.ip_address(text)), text
    for text in (*V6, *(p for p in PRIVATE)):
        assert not is_public(ip.ip_address(text)), text
    assert is_own(ip.ip_address("127.0.0.1")) and not is_own(ip.ip_address("93.184.215.14"))
