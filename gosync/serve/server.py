"""The server's processes: workers that answer, started and watched by this one.

The server is granian. Each worker listens by itself (SO_REUSEPORT), and is begun anew
if it dies. SIGTERM and SIGINT end all: what is under way is finished, for as long as
``stop_seconds``. SIGHUP begins the workers anew one by one, and so does a certificate
whose file changed. A worker whose parent was killed ends at once, so that the port is
free for the next one.

Open files: the soft limit is raised to the hard one at the start, and how many
connections a worker takes follows from it: each may have a file open besides.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from gosync.clock import SystemClock
from gosync.config.serving import ServeSpec, TlsFiles
from gosync.errors import ConfigError, UsageError
from gosync.serve.app import ServerApp
from gosync.serve.figures import count_in
from gosync.serve.health import Readiness
from gosync.serve.logins import read_logins
from gosync.serve.merged import MergedFiles
from gosync.serve.missinglog import MissingSpec
from gosync.serve.ownerclient import OwnerOrigin
from gosync.serve.runtime import MERGED, runtime_folder
from gosync.serve.uploads import UploadReceiver

if TYPE_CHECKING:  # it takes 0.2 s, and may not be there
    from granian.server import MPServer

    from gosync.serve.ownerprocess import OwnerProcess
    from gosync.serve.recording import Recorder

_MOST_FILES: Final = 65_536
_FILE_THREADS: Final = 64
_LEAST_FILES: Final = 1024
_OWN_FILES: Final = 64
_MOST_CONNECTIONS: Final = 16_384
_HEADERS_BYTES: Final = 64 << 10
_HEADERS_SECONDS: Final = 15
_LOOK_SECONDS: Final = 0.05
_CERTIFICATE_SECONDS: Final = 30.0
_RESPAWN_SECONDS: Final = 1.0


def make_tree_app(
    spec: ServeSpec, tree: Path, missing: MissingSpec | None = None
) -> ServerApp:
    """Return the application of a worker that serves a tree and brings nothing.

    Raises:
        ConfigError: if the file of logins cannot be read.
        OSError: if the access log cannot be opened.
    """
    clock = SystemClock()
    ready = Readiness(tree, clock, max_age_seconds=spec.max_head_seconds)
    return ServerApp(spec, tree, clock=clock, readiness=ready, missing=missing)


def make_pull_app(
    spec: ServeSpec, tree: Path, store: Path, missing: MissingSpec | None = None
) -> ServerApp:
    """Return the application of a worker whose tree's owner brings what it lacks.

    Raises:
        ConfigError: if the file of logins cannot be read.
        OSError: if the access log cannot be opened.
    """
    assert spec.pull is not None
    clock, folder = SystemClock(), runtime_folder(store)
    origin = OwnerOrigin(folder, spec.pull)
    app = ServerApp(
        spec,
        tree,
        clock=clock,
        readiness=Readiness(tree, clock, ask_owner=origin.reasons),
        origin=origin,
        merged=MergedFiles(folder / MERGED, clock, for_all=spec.logins is None),
        missing=missing,
    )
    if spec.uploads:
        app.uploads = UploadReceiver(
            spec.uploads, folder, origin, max_bytes=spec.max_upload_bytes
        )
    return app


def run_server(
    spec: ServeSpec,
    make_app: Callable[[], ServerApp],
    *,
    tell: Callable[[str], None],
    beside: Sequence[OwnerProcess | Recorder] = (),
) -> None:
    """Serve until a signal ends it.

    Args:
        spec: How to serve.
        make_app: Makes the application, in each worker.
        tell: Is told the address, once somebody answers there.
        beside: What is begun and ended with the workers: who brings what the tree
            lacks, and who records what is missing.

    Raises:
        UsageError: if the server is not installed, or cannot listen there.
        ConfigError: if a certificate or the file of logins cannot be read.
    """
    connections = _raise_limits()
    if spec.logins is not None:
        read_logins(spec.logins)
    with (
        _reserved(spec) as port,
        tempfile.TemporaryDirectory(prefix="gosync-serve-") as scratch,
    ):
        count_in(Path(scratch) / "figures")
        server = _make_server(spec, port, connections)
        scheme = "http" if spec.tls is None else "https"
        shown = f"[{spec.host}]" if ":" in spec.host else spec.host
        url = f"{scheme}://{shown}:{port}"
        watch = _Watch(spec, port, partial(tell, url))
        server.on_startup(watch.start)
        server.on_shutdown(watch.stop)
        for each in beside:
            server.on_startup(each.start)
            server.on_shutdown(each.stop)
        # What the loader returns is called through its __rsgi__.
        load = cast("Callable[[], Callable[..., object]]", make_app)
        server.serve(target_loader=load, wrap_loader=False)


def _make_server(spec: ServeSpec, port: int, connections: int) -> MPServer:
    try:
        from granian.constants import HTTPModes, Interfaces, SSLProtocols  # noqa: PLC0415 - of one verb
        from granian.http import HTTP1Settings, HTTP2Settings  # noqa: PLC0415
        from granian.server import MPServer  # noqa: PLC0415
    except ImportError as exc:
        raise UsageError(
            f"the server is not installed: {exc.name} is missing",
            hint='pip install "gosync[serve]"',
        ) from exc
    tls = spec.tls
    if tls is not None:
        _check_tls(tls)
    return MPServer(
        "gosync",
        address=spec.host,
        port=port,
        interface=Interfaces.RSGI,
        workers=spec.workers,
        runtime_blocking_threads=_FILE_THREADS,
        http=HTTPModes.auto,
        websockets=False,
        backlog=max(1024, connections),
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
    import ssl  # noqa: PLC0415 - of few servers

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


def _raise_limits() -> int:
    """Let the process open as many files as it may; return a worker's connections."""
    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    except OSError:  # a sandbox forbids to ask
        soft = hard = _LEAST_FILES
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    files = _MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return max(16, min(_MOST_CONNECTIONS, (files - _OWN_FILES) // 2))


@contextmanager
def _reserved(spec: ServeSpec) -> Iterator[int]:
    """Hold the port, without listening, so that it stays the server's.

    Raises:
        UsageError: if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in spec.host else socket.AF_INET
    if spec.port:
        _check_free(spec, family)
    with socket.socket(family, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            holder.bind((spec.host, spec.port))
        except OSError as exc:
            raise _cannot_listen(spec, exc) from exc
        yield holder.getsockname()[1]


def _check_free(spec: ServeSpec, family: socket.AddressFamily) -> None:
    """Check that nobody listens: with SO_REUSEPORT two servers of a user could."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((spec.host, spec.port))
            probe.listen(1)
        except OSError as exc:
            raise _cannot_listen(spec, exc) from exc


def _cannot_listen(spec: ServeSpec, error: OSError) -> UsageError:
    return UsageError(
        f"cannot listen at {spec.host}:{spec.port}: {error.strerror}",
        hint="name another address with --listen HOST:PORT",
    )


class _Watch:
    """Tells when the server answers, and when a certificate changed."""

    def __init__(self, spec: ServeSpec, port: int, tell: Callable[[], None]) -> None:
        self._spec, self._port, self._tell = spec, port, tell
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            if self._answers():
                self._tell()
                break
        known = self._stamps()
        while not self._ended.wait(_CERTIFICATE_SECONDS):
            now = self._stamps()
            if now != known and None not in now:
                known = now
                os.kill(os.getpid(), signal.SIGHUP)

    def _answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._spec.host)  # noqa: S104 - any address
        try:
            address = (host or self._spec.host, self._port)
            socket.create_connection(address, timeout=5).close()
        except OSError:
            return False
        return True

    def _stamps(self) -> tuple[int | None, ...]:
        tls = self._spec.tls
        paths = () if tls is None else (tls.certificate, tls.key, tls.client_ca)
        return tuple(_stamp(path) for path in paths if path is not None)


def _stamp(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
