"""Certificates: what a server shows, and whether ``go`` believes it.

Go trusts the system's authorities: the file SSL_CERT_FILE or the first of its list that
can be read, and the folders of SSL_CERT_DIR or of its list (crypto/x509/root_linux.go).
A chain that it refuses is looked at over a second connection, on which nothing is sent.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.saying import say

_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_FOLDERS: Final = ("/etc/ssl/certs", "/etc/pki/tls/certs")
# OpenSSL's X509_V_ERR_ numbers.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_WRONG_NAME: Final = frozenset({62, 64})


class Certificate(msgspec.Struct, frozen=True):
    """A certificate, as a chain shows it.

    Attributes:
        subject: Whose it is.
        issuer: Who signed it.
        names: The hosts it is for.
        not_before: From when it is valid, RFC 3339.
        not_after: Until when.
        sha256: Its fingerprint, hex.
        pem: Itself.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: str
    not_after: str
    sha256: str
    pem: str


class TlsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a handshake showed.

    Attributes:
        version: Like ``TLSv1.3``.
        alpn: The protocol that was agreed on, "" for none.
        chain: The server's certificates, its own first.
    """

    version: str
    alpn: str
    chain: tuple[Certificate, ...]


def trusting_context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that believes whom ``go`` believes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if sys.platform in ("darwin", "win32"):
        context.load_default_certs()
        return context
    named = environment.get("SSL_CERT_FILE")
    for file in (named,) if named else _FILES:
        if os.access(file, os.R_OK):
            with suppress(ssl.SSLError):
                context.load_verify_locations(cafile=file)
            break
    folders = environment.get("SSL_CERT_DIR")
    for folder in filter(None, folders.split(":")) if folders else ():
        _load_folder(context, Path(folder))
    if not folders:
        for folder in filter(os.path.isdir, _FOLDERS):
            context.load_verify_locations(capath=folder)
    return context


def _load_folder(context: ssl.SSLContext, folder: Path) -> None:
    """Take every file of a folder, whatever its name, as go does."""
    with suppress(OSError):
        for file in sorted(folder.iterdir()):
            with suppress(OSError, ssl.SSLError):
                context.load_verify_locations(cafile=str(file))


def looking_context() -> ssl.SSLContext:
    """Return a context that believes anything, to look at a chain and send nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shake_hands(
    sock: socket.socket, host: str, context: ssl.SSLContext, *, offer: list[str]
) -> tuple[ssl.SSLSocket, TlsFacts]:
    """Begin TLS.

    Args:
        sock: The connection.
        host: Who should be at its end.
        context: Whom to believe.
        offer: The protocols to choose from, the first preferred.

    Raises:
        ssl.SSLCertVerificationError: The certificate is not believed.
        FaultFoundError: The other side does not speak TLS as go does.
    """
    context.set_alpn_protocols(offer)
    try:
        secured = context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError:
        raise
    except (OSError, ValueError) as exc:
        raise _handshake_fault(exc, host) from exc
    return secured, facts_of(secured)


def facts_of(secured: ssl.SSLSocket) -> TlsFacts:
    """Return what a handshake showed."""
    # A method of SSLSocket itself from Python 3.13 on.
    inner: Any = getattr(secured, "_sslobj")  # noqa: B009 - typeshed does not know it
    shown = inner.get_unverified_chain() or ()
    ders = [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in shown]
    return TlsFacts(
        version=secured.version() or "",
        alpn=secured.selected_alpn_protocol() or "",
        chain=tuple(map(read_certificate, ders)),
    )


def read_certificate(der: bytes) -> Certificate:
    """Return what a certificate says."""
    read = x509.load_der_x509_certificate(der)
    names: Sequence[str] = ()
    with suppress(x509.ExtensionNotFound, ValueError):
        found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = [str(each.value) for each in found.value]
    return Certificate(
        subject=read.subject.rfc4514_string(),
        issuer=read.issuer.rfc4514_string(),
        names=tuple(names),
        not_before=read.not_valid_before_utc.isoformat(),
        not_after=read.not_valid_after_utc.isoformat(),
        sha256=read.fingerprint(SHA256()).hex(),
        pem=read.public_bytes(Encoding.PEM).decode(),
    )


def distrust(
    error: ssl.SSLCertVerificationError, host: str, facts: TlsFacts | None
) -> FaultFoundError:
    """Return why a chain is not believed, with whose it is."""
    first = facts.chain[0] if facts and facts.chain else None
    whose = _whose(first) if first else ""
    code = error.verify_code
    if code in (_EXPIRED, _NOT_YET_VALID):
        when = (
            (first.not_after if code == _EXPIRED else first.not_before)
            if first
            else "?"
        )
        return fault(
            "tls.expired",
            say(
                "{host}: its certificate is valid until {when}{whose}"
                if code == _EXPIRED
                else "{host}: its certificate is valid from {when} on{whose}",
                host=host,
                when=when,
                whose=whose,
            ),
            "check this machine's clock (date -u); else its operator must renew it",
        )
    if code in _WRONG_NAME:
        names = ", ".join(first.names) if first else "?"
        return fault(
            "tls.wrong_name",
            say(
                "{host}: its certificate is for {names}{whose}",
                host=host,
                names=names,
                whose=whose,
            ),
            "write the name that the certificate has into GOPROXY; if it should be"
            " this host's, somebody else answers in its place",
        )
    return fault(
        "tls.unknown_authority",
        say(
            "{host}: its certificate is of an authority that this "
            "machine does not know{whose}",
            host=host,
            whose=whose,
        ),
        "have the fingerprint confirmed by its operator; then put the authority's"
        " certificate into the system's trust store, or SSL_CERT_FILE=FILE. If nobody"
        " knows it, the connection is intercepted",
    )


def _whose(shown: Certificate) -> str:
    return say(
        "; it is {subject}, signed by {issuer}, SHA-256 {sha256}",
        subject=shown.subject,
        issuer=shown.issuer,
        sha256=shown.sha256,
    )


def _handshake_fault(error: Exception, host: str) -> FaultFoundError:
    said = str(getattr(error, "reason", "") or error)
    if isinstance(error, TimeoutError):
        return fault(
            "tls.handshake_timeout",
            say(
                "{host}: the connection opens, and nobody answers the TLS handshake",
                host=host,
            ),
            "a filter between looks at host names: try another network or HTTPS_PROXY",
        )
    if isinstance(error, ConnectionResetError):
        return fault(
            "network.reset",
            say("{host}: the connection is reset during the TLS handshake", host=host),
            "something between filters it: try another network or HTTPS_PROXY",
        )
    if any(each in said for each in ("WRONG_VERSION", "HTTP_REQUEST", "record layer")):
        return fault(
            "tls.plain_http",
            say("{host}: the port answers, but not with TLS", host=host),
            "if it speaks http, write http:// in GOPROXY, or the https port",
        )
    if "EOF" in said or isinstance(error, ssl.SSLEOFError):
        return fault(
            "network.eof",
            say("{host}: the connection is closed during the TLS handshake", host=host),
            "the server's log says why; something between may have done it",
        )
    return fault(
        "tls.version",
        say(
            "{host}: no TLS 1.2 or newer could be agreed on: {said}",
            host=host,
            said=said,
        ),
        "its operator must offer TLS 1.2 or 1.3",
    )


@cache
def cipher_names() -> Mapping[int, str]:
    """Return the names of cipher suites by their numbers, as OpenSSL has them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return {each["id"] & 0xFFFF: str(each["name"]) for each in context.get_ciphers()}
