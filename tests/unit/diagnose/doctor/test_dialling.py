"""Names and addresses: what the system's refusals amount to."""

from __future__ import annotations

import errno
import socket
import threading

import pytest

from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.dialling import (
    NetOrigin,
    connect_class,
    connect_each,
    is_hijacked,
    resolve,
)
from gosync.diagnose.doctor.nameserver import ask_why, name_servers
from tests.unit.diagnose.doctor.scene import free_port


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ENETUNREACH, "network.unreachable"),
        (errno.EHOSTUNREACH, "network.unreachable"),
        (errno.ECONNREFUSED, "network.refused"),
        (errno.ECONNRESET, "network.reset"),
        (errno.ETIMEDOUT, "network.timeout"),
    ],
)
def test_the_class_of_a_connection_that_was_not_made(number, cause):
    assert connect_class(OSError(number, "said")) == cause


def test_every_address_is_tried():
    port = free_port()
    with socket.create_server(("127.0.0.2", port)):
        tries, sock = connect_each(["127.0.0.1", "127.0.0.2"], port, timeout_seconds=5)
    with sock:
        assert [each.cause for each in tries] == ["network.refused", ""]


def test_no_address_connects():
    with pytest.raises(FaultFoundError) as caught:
        connect_each(["127.0.0.1"], free_port(), timeout_seconds=5)
    assert caught.value.finding.cause == "network.refused"


def test_an_address_needs_no_resolver():
    def never(host: str):
        raise AssertionError(host)

    assert resolve("127.0.0.1", never) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("address", "hijacked"), [("10.9.9.9", True), ("142.250.1.1", False)]
)
def test_a_private_address_of_a_public_host_is_a_lie(address, hijacked):
    assert (
        is_hijacked("sum.golang.org", [address], frozenset({"sum.golang.org"}))
        is hijacked
    )


def test_the_port_of_a_url_is_its_schemes():
    assert str(NetOrigin.of("https://[::1]/x")) == "https://[::1]"
    assert str(NetOrigin.of("http://a.example:8080/x")) == "http://a.example:8080"


def _name_server(code: int | None) -> tuple[int, threading.Thread]:
    """Answer one question with a code; with None never."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            data, who = listener.recvfrom(4096)
            if code is not None:
                flags = (0x8180 | code).to_bytes(2, "big")
                listener.sendto(data[:2] + flags + data[4:], who)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener.getsockname()[1], thread


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (2, "network.dns_servfail"),
        (3, "network.dns"),
        (5, "network.dns_refused"),
        (None, "network.dns_timeout"),
    ],
)
def test_the_name_server_says_why(code, cause):
    port, thread = _name_server(code)
    seconds = 0.2 if code is None else 5

    got, said = ask_why(
        "goproxy.corp.example", ["127.0.0.1"], timeout_seconds=seconds, port=port
    )

    thread.join()
    assert got == cause
    assert "127.0.0.1" in said


def test_name_servers_are_read(tmp_path):
    file = tmp_path / "resolv.conf"
    file.write_text("# x\nsearch corp.example\nnameserver 10.0.0.1\nnameserver ::1\n")
    assert name_servers(file) == ["10.0.0.1", "::1"]
    assert name_servers(tmp_path / "none") == []
