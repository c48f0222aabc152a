"""Opening a connection the way ``go`` does: name, addresses, web proxy.

Each step is a function that returns what it saw or raises what ends the way. Every
address is tried, not only the first that answers, so that a dead one shows. Nothing is
asked of anybody but the host, or of the web proxy that stands before it.
"""

from __future__ import annotations

import base64
import errno
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.nameserver import ask_why, name_servers
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.webproxy import WebProxy

_UNREACHABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_PORTS: Final = {"http": 80, "https": 443}
_HEAD_LIMIT: Final = 65536
_NAME_UNKNOWN: Final = (
    "check the spelling of {host}, in GOPROXY or the module's path, and"
    " /etc/resolv.conf"
)

_NO_SERVER: Final = (
    "ask who runs the name server of /etc/resolv.conf, or set another one there; behind"
    " a web proxy set HTTPS_PROXY, which resolves names itself"
)


class Resolver(Protocol):
    """Whatever turns names into addresses."""

    def __call__(self, host: str) -> Sequence[str]:
        """Return a host's addresses.

        Raises:
            FaultFoundError: It has none, or nobody can say.
        """
        ...


class SystemResolver:
    """The system's resolver, with its files."""

    def __init__(self, *, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds

    def __call__(self, host: str) -> Sequence[str]:
        """Return a host's addresses, each once, in the order that is preferred."""
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            raise self._why(host, exc) from exc
        return list(dict.fromkeys(str(each[4][0]) for each in found))

    def _why(self, host: str, error: Exception) -> FaultFoundError:
        cause, said = "network.dns", "the system's resolver"
        servers = name_servers()
        if getattr(error, "errno", None) == socket.EAI_AGAIN and servers:
            cause, said = ask_why(host, servers, timeout_seconds=self._timeout_seconds)
        elif not servers:
            said = "no name server is set up in /etc/resolv.conf"
        return fault(
            cause,
            say("the name {host} has no address here ({said})", host=host, said=said),
            say(_NAME_UNKNOWN, host=host) if cause == "network.dns" else _NO_SERVER,
        )


class NetOrigin(msgspec.Struct, frozen=True):
    """Whom a URL asks.

    Attributes:
        scheme: http or https.
        host: The host's name or address.
        port: The port.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> NetOrigin:
        """Return the origin of an http or https URL."""
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        host = (parts.hostname or "").rstrip(".")
        return cls(scheme, host, parts.port or _PORTS[scheme])

    @property
    def netloc(self) -> str:
        """Host and port as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


def resolve(host: str, resolver: Resolver) -> Sequence[str]:
    """Return the addresses of a name; an address is its own."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return resolver(host)


def is_hijacked(host: str, addresses: Sequence[str], public: frozenset[str]) -> bool:
    """Whether a host of the public at large has an address of a private network."""
    parsed = map(ipaddress.ip_address, addresses)
    return host in public and any(
        each.is_private or each.is_loopback for each in parsed
    )


class AddressTry(msgspec.Struct, frozen=True):
    """How connecting to one address went.

    Attributes:
        address: The address.
        cause: The class of failure, "" where it connected.
        text: What the system said.
    """

    address: str
    cause: str = ""
    text: str = "connected"


def connect_each(
    addresses: Sequence[str], port: int, *, timeout_seconds: float
) -> tuple[list[AddressTry], socket.socket]:
    """Try every address, and return how each went and the first connection.

    Raises:
        FaultFoundError: None connected.
    """
    tries: list[AddressTry] = []
    first: socket.socket | None = None
    for address in addresses:
        try:
            made = socket.create_connection((address, port), timeout_seconds)
        except OSError as exc:
            tries.append(AddressTry(address, connect_class(exc), _said(exc)))
            continue
        tries.append(AddressTry(address))
        if first is None:
            first = made
        else:
            made.close()
    if first is None:
        said = "; ".join(f"{each.address}:{port}: {each.text}" for each in tries)
        raise fault(tries[0].cause, said, _CONNECT_REMEDIES.get(tries[0].cause, ""))
    return tries, first


_CONNECT_REMEDIES: Final = {
    "network.refused": "nothing listens there: check the port, start the server",
    "network.timeout": "a firewall drops packets: ask for a way, or set HTTPS_PROXY",
    "network.unreachable": "no route leads there: check the network of this machine or"
    " container, or set HTTPS_PROXY",
}


def connect_class(error: OSError) -> str:
    """Return the class of failure of a connection that was not made or broke."""
    if isinstance(error, TimeoutError):
        return "network.timeout"
    if isinstance(error, ConnectionRefusedError):
        return "network.refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "network.reset"
    if error.errno in _UNREACHABLE:
        return "network.unreachable"
    return "network.refused"


def _said(error: OSError) -> str:
    return "timed out" if isinstance(error, TimeoutError) else str(error.strerror)


def open_tunnel(sock: socket.socket, proxy: WebProxy, origin: NetOrigin) -> None:
    """Ask a web proxy for a way to an origin; on return the socket leads there.

    Raises:
        FaultFoundError: It refuses, or cannot reach it.
    """
    try:
        if proxy.is_socks:
            _socks(sock, proxy, origin)
        else:
            _connect(sock, proxy, origin)
    except OSError as exc:
        raise fault(
            "proxy.unreachable",
            say(
                "the proxy {shown} broke off: {exc}", shown=proxy.shown, exc=_said(exc)
            ),
            say("check {variable}", variable=proxy.variable),
        ) from exc


def _connect(sock: socket.socket, proxy: WebProxy, origin: NetOrigin) -> None:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{host}:{origin.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *proxy_login(proxy)]
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
        more = sock.recv(1)
        if not more:
            break
        head += more
    words = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
    if status != 200:
        raise _refused(proxy, target, status, " ".join(words[1:]))


def proxy_login(proxy: WebProxy) -> list[str]:
    """Return the header lines that tell a proxy who asks."""
    if not proxy.login:
        return []
    token = base64.b64encode(proxy.login.encode("utf-8", "surrogateescape")).decode()
    return [f"Proxy-Authorization: Basic {token}"]


def _refused(proxy: WebProxy, target: str, status: int, said: str) -> FaultFoundError:
    text = say(
        "the proxy {shown} answers CONNECT {target} with {said}",
        shown=proxy.shown,
        target=target,
        said=said or "nothing",
    )
    if status == 407:
        return fault(
            "proxy.auth",
            text,
            say(
                "export {variable}=http://USER:PASSWORD@{host}:{port}",
                variable=proxy.variable,
                host=proxy.host,
                port=proxy.port,
            ),
        )
    if status in (403, 401, 405):
        return fault(
            "proxy.denied",
            text,
            say(
                "have {target} allowed there, or add the host to NO_PROXY",
                target=target,
            ),
        )
    return fault(
        "proxy.unreachable",
        text,
        say(
            "the proxy cannot reach {target}, or is none: check {variable}",
            target=target,
            variable=proxy.variable,
        ),
    )


def _socks(sock: socket.socket, proxy: WebProxy, origin: NetOrigin) -> None:
    """Speak SOCKS 5 (RFC 1928, RFC 1929); the proxy resolves the name."""
    user, _, password = proxy.login.partition(":")
    sock.sendall(b"\x05\x02\x00\x02" if user else b"\x05\x01\x00")
    method = _exactly(sock, 2)[1]
    if method == 2:
        sock.sendall(b"\x01" + _short(user) + _short(password))
        method = _exactly(sock, 2)[1] and 255
    if method == 255:
        raise fault(
            "proxy.auth",
            say("the proxy {shown} refuses the login", shown=proxy.shown),
            say(
                "export {variable}={scheme}://USER:PASSWORD@{host}:{port}",
                variable=proxy.variable,
                scheme=proxy.scheme,
                host=proxy.host,
                port=proxy.port,
            ),
        )
    port = origin.port.to_bytes(2, "big")
    sock.sendall(b"\x05\x01\x00\x03" + _short(origin.host) + port)
    code = _exactly(sock, 4)
    if code[1]:
        cause = "proxy.denied" if code[1] == 2 else "proxy.unreachable"
        raise fault(
            cause,
            say(
                "the proxy {shown} does not reach {origin}: SOCKS code {code}",
                shown=proxy.shown,
                origin=origin,
                code=code[1],
            ),
            say(
                "check {variable}, or add the host to NO_PROXY", variable=proxy.variable
            ),
        )
    length = {1: 4, 4: 16}.get(code[3]) or _exactly(sock, 1)[0]
    _exactly(sock, length + 2)


def _short(text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")[:255]
    return bytes([len(data)]) + data


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise ConnectionResetError("closed")
        data += more
    return data


def as_proxy_fault(error: FaultFoundError, proxy: WebProxy) -> FaultFoundError:
    """Return a failure to reach a web proxy as one of the proxy's."""
    found = error.finding
    family = {
        "network.dns": "proxy.dns",
        "network.refused": "proxy.refused",
    }.get(found.cause, "proxy.dns" if ".dns" in found.cause else "proxy.unreachable")
    return fault(
        family,
        say(
            "the proxy {shown} ({variable}): {text}",
            shown=proxy.shown,
            variable=proxy.variable,
            text=found.text,
        ),
        say(
            "check {variable}; add hosts that need no proxy to NO_PROXY",
            variable=proxy.variable,
        ),
    )
