"""What an exception on the way to an upstream is called, by the catalogue's names."""

from __future__ import annotations

import errno
import socket
import ssl

import httpx
import pytest

from gosync import errors
from gosync.diagnose.shipped import shipped_catalogue
from gosync.upstream.causes import failure_class_of


def _certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error


def _tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("cause", "name"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "network.refused"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "network.reset"),
        (OSError(errno.ENETUNREACH, "unreachable"), "network.unreachable"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "network.dns"),
        (_certificate(10), "tls.expired"),
        (_certificate(19), "tls.unknown_authority"),
        (_certificate(62), "tls.wrong_name"),
        (_certificate(99), "tls.bad_certificate"),
        (_tls("WRONG_VERSION_NUMBER"), "tls.plain_http"),
        (httpx.ProxyError("407 Proxy Authentication Required"), "proxy.auth"),
        (httpx.ProxyError("403 Forbidden"), "proxy.denied"),
        (httpx.RemoteProtocolError("disconnected"), "network.eof"),
        (ValueError("other"), ""),
    ],
)
def test_the_cause_has_the_class_however_deep_it_is(cause, name):
    grouped = OSError("All connection attempts failed")
    grouped.__cause__ = ExceptionGroup("all", [cause])
    outer = httpx.ConnectError("cannot connect")
    outer.__cause__ = grouped
    assert failure_class_of(cause) == name
    assert failure_class_of(outer) == name
    if name:
        assert shipped_catalogue().named(name).name == name


@pytest.mark.parametrize(
    "status", [400, 401, 403, 407, 418, 429, 451, *range(500, 512)]
)
def test_each_status_has_a_page(status):
    error = errors.UpstreamStatusError("x", status=status)
    assert shipped_catalogue().named(error.failure_class) is not None


def test_each_error_with_a_class_has_a_page():
    classes = {
        value.failure_class
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.GosyncError)
    }
    for name in classes - {""}:
        assert shipped_catalogue().named(name) is not None
