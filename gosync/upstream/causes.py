"""Which class of failures an exception on the way to an upstream is of.

The names are the catalogue's (gosync.diagnose): what ``go`` would say of the same has
the same class, and the same page.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

# OpenSSL's numbers (X509_V_ERR_...), as the exception has them.
_CERTIFICATES: Final = {
    9: "tls.expired",
    10: "tls.expired",
    18: "tls.unknown_authority",
    19: "tls.unknown_authority",
    20: "tls.unknown_authority",
    21: "tls.unknown_authority",
    62: "tls.wrong_name",
    64: "tls.wrong_name",
}
_TLS: Final = {
    "WRONG_VERSION_NUMBER": "tls.plain_http",
    "HTTP_REQUEST": "tls.plain_http",
    "UNSUPPORTED_PROTOCOL": "tls.version",
    "TLSV1_ALERT_PROTOCOL_VERSION": "tls.version",
    "NO_PROTOCOLS_AVAILABLE": "tls.version",
}
_SYSTEM: Final = {
    errno.ECONNREFUSED: "network.refused",
    errno.ECONNRESET: "network.reset",
    errno.ENETUNREACH: "network.unreachable",
    errno.EHOSTUNREACH: "network.unreachable",
    errno.ETIMEDOUT: "network.timeout",
}


def failure_class_of(error: BaseException) -> str:
    """Return the class of an exception and of what it came from, "" for none."""
    return next(filter(None, map(_class_of_one, _chain(error))), "")


def first_cause(error: BaseException) -> BaseException:
    """Return what an exception came from in the first place."""
    return next(_chain(error))


def system_words(error: BaseException) -> str:
    """Return the system's words for what it refused, else the exception's own."""
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        return os.strerror(error.errno)
    return str(error)


def _chain(error: BaseException | None, most: int = 20) -> Iterator[BaseException]:
    """Yield what an exception came from, the last cause first."""
    if error is None or not most:
        return
    yield from _chain(error.__cause__ or error.__context__, most - 1)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _chain(each, most - 1)
    yield error


def _class_of_one(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return _class_of_tls(error)
    if isinstance(error, socket.gaierror):
        return "network.dns"
    if isinstance(error, httpx.ProxyError):
        return "proxy.auth" if str(error).startswith("407") else "proxy.denied"
    if isinstance(error, httpx.RemoteProtocolError):
        return "network.eof"
    if isinstance(error, OSError):
        return _SYSTEM.get(error.errno or 0, "")
    return ""


def _class_of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(error.verify_code, "tls.bad_certificate")
    return _TLS.get(error.reason or "", "tls.bad_certificate")
