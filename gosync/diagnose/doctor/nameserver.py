"""One question to the name server that this machine is set up with (RFC 1035).

The system's resolver tells an unknown name from all else, but not a server that is
silent from one that refuses or fails. So where it had no answer, the server of
/etc/resolv.conf is asked once more for what its answer's code says.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gosync.diagnose.doctor.saying import say

RESOLV_CONF: Final = Path("/etc/resolv.conf")
_PORT: Final = 53
_HEADER: Final = struct.Struct(">HHHHHH")
_RECORD: Final = struct.Struct(">HHIH")
_RECURSION_DESIRED: Final = 0x0100
_LIMIT_BYTES: Final = 4096
# The code of an answer: the class of failure that it amounts to, and in words.
_CODES: Final = {
    2: ("network.dns_servfail", "fails (SERVFAIL)"),
    3: ("network.dns", "knows no such name (NXDOMAIN)"),
    5: ("network.dns_refused", "refuses to answer (REFUSED)"),
}


def name_servers(resolv_conf: Path = RESOLV_CONF) -> list[str]:
    """Return the addresses of the name servers, in order."""
    try:
        text = resolv_conf.read_text("utf-8", errors="replace")
    except OSError:
        return []
    words = (line.split() for line in text.splitlines())
    return [each[1] for each in words if len(each) > 1 and each[0] == "nameserver"]


def ask_why(
    host: str,
    servers: list[str],
    *,
    timeout_seconds: float,
    port: int = _PORT,
) -> tuple[str, str]:
    """Return the class of failure for a name without an address, and who said so."""
    said = "network.dns_timeout", "no name server answers"
    for server in servers[:3]:
        try:
            code, _ = look_up(host, server, port=port, timeout_seconds=timeout_seconds)
        except TimeoutError:
            said = (
                "network.dns_timeout",
                say("the name server {server} is silent", server=server),
            )
            continue
        except (OSError, ValueError) as exc:
            said = (
                "network.dns_timeout",
                say("the name server {server}: {exc}", server=server, exc=exc),
            )
            continue
        cause, words = _CODES.get(code, ("network.dns", "has none"))
        return cause, say(
            "the name server {server} {words}", server=server, words=words
        )
    return said


def look_up(
    host: str, server: str, *, timeout_seconds: float, port: int = _PORT
) -> tuple[int, list[str]]:
    """Return the code of a server's answer (RFC 1035 section 4.1.1), and addresses.

    Raises:
        TimeoutError: There was none in time.
        OSError: The server cannot be asked.
        ValueError: The name cannot be asked for, or the answer is none.
    """
    number = secrets.randbelow(1 << 16)
    labels = host.rstrip(".").encode("idna").split(b".")
    name = b"".join(bytes([len(each)]) + each for each in labels) + b"\0"
    question = name + struct.pack(">HH", 1, 1)
    head = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0)
    bare = server.partition("%")[0]
    is_v6 = ipaddress.ip_address(bare).version == 6
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(timeout_seconds)
        asking.connect((server, port))
        asking.send(head + question)
        answer = asking.recv(_LIMIT_BYTES)
    if len(answer) < _HEADER.size:
        raise ValueError("its answer is too short")
    given, flags, _, count, *_ = _HEADER.unpack_from(answer)
    if given != number:
        raise ValueError("its answer is to another question")
    at = _HEADER.size + len(question)
    return flags & 0xF, list(addresses_in(answer, at, count))


def addresses_in(answer: bytes, at: int, count: int) -> Iterator[str]:
    """Yield the IPv4 addresses of the records from a place on."""
    for _ in range(count):
        while at < len(answer) and 0 < answer[at] < 0xC0:  # labels of a name
            at += 1 + answer[at]
        at += 2 if at < len(answer) and answer[at] >= 0xC0 else 1
        if at + _RECORD.size > len(answer):
            return
        kind, _, _, length = _RECORD.unpack_from(answer, at)
        at += _RECORD.size
        if kind == 1 and length == 4 and at + 4 <= len(answer):
            yield str(ipaddress.IPv4Address(answer[at : at + 4]))
        at += length
