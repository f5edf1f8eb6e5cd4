"""A panel that may reach the network reaches what is not public.

Attacker: the author of a panel with a grant for an origin, or for all. The address is written in one of the forms that
resolvers take, or is one of a range that a gateway, a relay or the cloud's own host translates.

What must hold: a connection is begun only to global unicast addresses, by tables of the project's own, so that it does
not depend on the interpreter's version. No test here sends a packet: each connection is noted and refused before it is
made, by the interpreter's audit events, whichever library makes it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
from collections.abc import Iterator

import pytest

from nexus_jupyter.protocol.capability import CapabilityUse, Grant
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.sandbox import Caller, Network, Token
from nexus_jupyter.sandbox.network import _is_public

#: IANA's registries of special-purpose addresses of version 4 and 6, multicast, and what is reserved or unassigned.
SPECIAL = """
    0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29
    192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24
    192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    255.255.255.255/32 168.63.129.16/32
    ::/128 ::1/128 ::/96 ::ffff:0:0:0/96 ::/8 64:ff9b:1::/48 100::/64 100:0:0:1::/64 200::/7 400::/6 800::/5 1000::/4
    2001::/23 2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28
    2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 4000::/3 5f00::/16 6000::/3 8000::/3
    a000::/3 c000::/3 e000::/4 f000::/5 f800::/6 fc00::/7 fc00::/8 fd00::/8 fe00::/9 fe80::/10 fec0::/10 ff00::/8
    ::ffff:10.0.0.0/104 ::ffff:127.0.0.0/104 ::ffff:169.254.0.0/112 ::ffff:192.168.0.0/112 ::ffff:240.0.0.0/100
    64:ff9b::10.0.0.0/104 64:ff9b::127.0.0.0/104 64:ff9b::169.254.0.0/112 64:ff9b::192.168.0.0/112
"""
#: Neighbours of those ranges, and a few well-known hosts.
PUBLIC = """
    1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
    172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0
    198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 168.63.129.15 8.8.8.8
    2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: 2003:: 2606:4700:4700::1111 2a00:1450:4001::1 3ffe::1
    3fff:1000:: ::ffff:8.8.8.8 64:ff9b::8.8.8.8
"""


def _members(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> list[str]:
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = type(network.network_address)
    return [str(kind(number)) for number in sorted({first, first + (last - first) // 3, (first + last) // 2, last})]


def _spellings(text: str) -> list[str]:
    """Return an address in the forms that stand for a host in a URL."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        low = int(address) & 0xFFFFFFFF
        high = ":".join(address.exploded.split(":")[:6])
        forms = [text, address.exploded, address.exploded.upper(), f"{high}:{ipaddress.IPv4Address(low)}"]
        return [f"[{form}]" for form in forms]
    number, (a, b, c, d) = int(address), address.packed
    mapped = [f"[::ffff:{text}]", f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]", f"[64:ff9b::{text}]"]
    octal = f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    return [text, str(number), hex(number), f"0{number:o}", octal, f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"{a}.{number & 0xFFFFFF}",
            f"{a}.{b}.{number & 0xFFFF}", f"000000{a:o}.{b}.{c}.{d:#x}", *mapped]  # fmt: skip


class _Connections:
    """Notes connections before they are made, and refuses them; refuses to look up names too."""

    def __init__(self) -> None:
        self.watching = False
        self.begun: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if not self.watching:
            return
        if event == "socket.connect":
            self.begun.append(str(args[1][0]))  # type: ignore[index] # an address and a port
            raise ConnectionRefusedError("noted")
        if event == "socket.getaddrinfo" and not _numeric(str(args[0])):
            raise socket.gaierror(f"{args[0]} would be asked for on the network")


def _numeric(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6, host) if ":" in host else socket.inet_aton(host)
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def hooked() -> _Connections:
    return _Connections()  # for all tests of the process: an audit hook cannot be taken away


@pytest.fixture
def connections(hooked: _Connections) -> Iterator[_Connections]:
    hooked.begun.clear()
    hooked.watching = True
    yield hooked
    hooked.watching = False


def _caller() -> Caller:
    uses = [CapabilityUse(cap=cap, target=None, why="") for cap in ("net.http", "net.ws")]
    grants = [Grant(id=cap, panel="p", cap=cap, target=None, granted_by="ann", at="") for cap in ("net.http", "net.ws")]
    return Caller(Token("p", uses, grants, lambda _id: True))


def _ask(hosts: list[str]) -> list[str]:
    """Ask each host by HTTP, by WebSocket and as a webhook; return what was said."""
    network, caller = Network(), _caller()

    async def ask() -> list[str]:
        said = []
        for host in hosts:
            for attempt in (
                network.fetch(caller, {"url": f"http://{host}/"}),
                network.open(caller, {"url": f"ws://{host}/"}),
                network.deliver(f"http://{host}/", b"{}"),
            ):
                try:
                    await attempt
                except NexusError as error:
                    said.append(str(error))
        return said

    return asyncio.run(ask())


@pytest.mark.parametrize("text", SPECIAL.split())
def test_no_connection_is_begun_to_an_address_of_a_special_range(connections: _Connections, text: str) -> None:
    hosts = [form for member in _members(ipaddress.ip_network(text)) for form in _spellings(member)]
    said = _ask(hosts)
    assert connections.begun == []
    assert len(said) == 3 * len(hosts)


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public_addresses_are_connected_to_as_they_were_resolved(connections: _Connections, text: str) -> None:
    _ask([f"[{text}]" if ":" in text else text])
    assert set(map(ipaddress.ip_address, connections.begun)) == {ipaddress.ip_address(text)}
    assert len(connections.begun) == 3


def test_a_zone_does_not_change_what_an_address_is(connections: _Connections) -> None:
    _ask(["[fe80::1%25lo]", "[fe80::1%lo]", "[::1%25lo]"])
    assert connections.begun == []


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1.", "%31%32%37.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "[::1]x", "0x7f.1%00.example.org"],
)
def test_other_spellings_begin_no_connection(connections: _Connections, host: str) -> None:
    _ask([host])
    assert connections.begun == []


def test_the_tables_agree_with_the_newest_ones_of_the_interpreter() -> None:
    """What the interpreter calls private is not public here, for a sample of the whole range of both versions."""
    for step in range(1 << 14):
        for kind, bits in ((ipaddress.IPv4Address, 32), (ipaddress.IPv6Address, 128)):
            address = kind(step << (bits - 14))
            assert not (_is_public(str(address)) and address.is_private)
