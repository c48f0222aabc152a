"""granian, as it is used here: its options, and the sockets of its workers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import Any, Final

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server import MPServer

from gosync.config.serving import ServeSpec, TlsFiles
from gosync.errors import ConfigError

_FILE_THREADS: Final = 64
_HEADERS_BYTES: Final = 64 << 10
_HEADERS_SECONDS: Final = 15
_RESPAWN_SECONDS: Final = 1.0


class GranianServer(MPServer):
    """granian's server, whose workers have sockets that stay open when they end.

    granian has these hooks for systems where no two sockets can have one port.
    """

    def __init__(self, listeners: Sequence[socket.socket], **options: Any) -> None:
        """Take the sockets, and granian's options."""
        super().__init__("gosync", **options)
        self._listeners = listeners

    def _init_shared_socket(self) -> None:
        """Open none: they are there."""

    def _spawn_worker(self, *arguments: Any, **options: Any) -> Any:
        listener = self._listeners[options["idx"] % len(self._listeners)]
        holder: Any = SocketHolder  # its constructor is not in its types
        held = holder(listener.fileno(), uds=False, backlog=self.backlog)
        vars(self).update(_ssp=None, _sso=listener, _shd=held)
        return super()._spawn_worker(*arguments, **options)

    def _drop_shared_socket(self) -> None:
        for each in self._listeners:
            each.close()


def make_server(
    spec: ServeSpec,
    listeners: Sequence[socket.socket],
    *,
    backlog: int,
    connections: int,
) -> GranianServer:
    """Return the server.

    Args:
        spec: How to serve.
        listeners: Where clients are accepted: one socket for each worker, or for all.
        backlog: How many may wait there.
        connections: How many a worker takes at once.

    Raises:
        ConfigError: a certificate cannot be read.
    """
    tls = spec.tls
    if tls is not None:
        _check_tls(tls)
    return GranianServer(
        listeners,
        interface=Interfaces.RSGI,
        workers=spec.workers,
        runtime_blocking_threads=_FILE_THREADS,
        http=HTTPModes.auto,
        websockets=False,
        backlog=backlog,
        backpressure=connections,
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEADERS_SECONDS * 1000, max_buffer_size=_HEADERS_BYTES
        ),
        http2_settings=HTTP2Settings(max_headers_size=_HEADERS_BYTES),
        log_enabled=False,
        respawn_failed_workers=True,
        respawn_interval=_RESPAWN_SECONDS,
        workers_kill_timeout=max(1, round(spec.stop_seconds)),
        ssl_cert=None if tls is None else tls.certificate,
        ssl_key=None if tls is None else tls.key,
        ssl_ca=None if tls is None else tls.client_ca,
        ssl_client_verify=tls is not None and tls.client_ca is not None,
        ssl_protocol_min=SSLProtocols.tls12,
    )


def _check_tls(tls: TlsFiles) -> None:
    """Check that the files are there and are what they should be.

    Raises:
        ConfigError: they are not.
    """
    for path in (tls.certificate, tls.key, tls.client_ca):
        if path is not None and not path.is_file():
            raise ConfigError(f"{path}: no such file")
    text = tls.key.read_bytes()
    if b"-----BEGIN PRIVATE KEY-----" not in text:
        raise ConfigError(
            f"{tls.key}: no PKCS#8 key",
            hint="openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW",
        )
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(f"{tls.certificate}: {exc}") from exc
