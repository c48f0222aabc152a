"""Certificate of a peer that is not believed: who issued it, and its fingerprint.

Shown by a second connection the same way, on which nothing is sent once TLS stands: a
web proxy that opens TLS and a wrong clock look alike until somebody says who signed.
"""

from __future__ import annotations

import hashlib
import ssl
from contextlib import suppress
from typing import Final

import anyio
import httpcore
import httpx
import msgspec

from gosync.upstream.connections import ConnectionPool

_SECONDS: Final = 5.0


class PeerCertificate(msgspec.Struct, frozen=True):
    """A certificate that was shown.

    Attributes:
        issuer: Who signed it, as RFC 4514 writes names.
        sha256: Its fingerprint, hex.
    """

    issuer: str
    sha256: str


class _ShownError(Exception):
    """Ends the connection: what it was for was seen."""


async def peer_certificate(
    url: httpx.URL, connections: ConnectionPool
) -> PeerCertificate | None:
    """Return the certificate that a host shows, believed or not; None for none."""
    seen: list[bytes] = []
    is_direct = connections.proxy_for(url) is None

    async def look(event: str, info: dict[str, object]) -> None:
        if event.endswith("start_tls.complete"):
            stream = info["return_value"]
            assert isinstance(stream, httpcore.AsyncNetworkStream)
            tls = stream.get_extra_info("ssl_object")
            shown = None if tls is None else tls.getpeercert(binary_form=True)
            if shown:
                seen.append(shown)
            if not event.startswith("connection.") or is_direct:
                await stream.aclose()  # nobody else knows of it yet
                raise _ShownError

    transport = connections.new_transport(
        url.scheme == "https", connections.proxy_for(url), context=_unbelieving()
    )
    request = httpx.Request("HEAD", url, extensions={"trace": look})
    with (
        anyio.move_on_after(_SECONDS),
        suppress(_ShownError, httpx.HTTPError, httpcore.ConnectError, OSError),
    ):
        await transport.handle_async_request(request)
    with anyio.CancelScope(shield=True), suppress(Exception):
        await transport.aclose()
    return _read(seen[-1]) if seen else None


def _unbelieving() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _read(data: bytes) -> PeerCertificate | None:
    from cryptography import x509  # noqa: PLC0415 - for a failure alone

    try:
        issuer = x509.load_der_x509_certificate(data).issuer.rfc4514_string()
    except ValueError:
        issuer = "nobody knows whom: it does not parse"
    printable = "".join(c if c.isprintable() else "?" for c in issuer)[:200]
    return PeerCertificate(printable, hashlib.sha256(data).hexdigest())
