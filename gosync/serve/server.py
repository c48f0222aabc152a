"""The server's processes: workers that answer, started and watched by this one.

The server is granian. Each worker has a socket of its own (``listening``), and is
begun anew if it dies. SIGTERM and SIGINT end all: what is under way is finished, for as
long as ``stop_seconds``. SIGHUP begins the workers anew one by one, and so does a
certificate whose file changed. A worker whose parent was killed ends at once, so that
the port is free for the next one.

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
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from gosync.clock import SystemClock
from gosync.config.serving import ServeSpec
from gosync.errors import UsageError
from gosync.serve.app import ServerApp
from gosync.serve.figures import count_in
from gosync.serve.health import Readiness
from gosync.serve.listening import open_listeners, shown_address
from gosync.serve.logins import read_logins
from gosync.serve.merged import MergedFiles
from gosync.serve.missinglog import MissingSpec
from gosync.serve.ownerclient import OwnerOrigin
from gosync.serve.runtime import MERGED, runtime_folder
from gosync.serve.uploads import UploadReceiver

if TYPE_CHECKING:  # they load what syncs need
    from gosync.serve.ownerprocess import OwnerProcess
    from gosync.serve.recording import Recorder

_MOST_FILES: Final = 65_536
_LEAST_FILES: Final = 1024
_OWN_FILES: Final = 64
_MOST_CONNECTIONS: Final = 16_384
_LEAST_WAITING: Final = 1024
_NO_REQUEST: Final = bytes(16)
_LOOK_SECONDS: Final = 0.05
_CERTIFICATE_SECONDS: Final = 30.0


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
    try:
        from gosync.serve.granianserver import make_server  # noqa: PLC0415 - of one verb
    except ImportError as exc:
        raise UsageError(
            f"the server is not installed: {exc.name} is missing",
            hint='pip install "gosync[serve]"',
        ) from exc
    backlog = max(_LEAST_WAITING, connections)
    with (
        open_listeners(spec, os.environ, backlog=backlog) as listeners,
        tempfile.TemporaryDirectory(prefix="gosync-serve-") as scratch,
    ):
        count_in(Path(scratch) / "figures")
        server = make_server(spec, listeners, backlog=backlog, connections=connections)
        scheme = "http" if spec.tls is None else "https"
        shown, port = shown_address(listeners[0])
        url = f"{scheme}://{shown}:{port}"
        watch = _Watch(spec, listeners[0].getsockname()[:2], partial(tell, url))
        server.on_startup(watch.start)
        server.on_shutdown(watch.stop)
        for each in beside:
            server.on_startup(each.start)
            server.on_shutdown(each.stop)
        # What the loader returns is called through its __rsgi__.
        load = cast("Callable[[], Callable[..., object]]", partial(begin, make_app))
        server.serve(target_loader=load, wrap_loader=False)


def begin(make_app: Callable[[], ServerApp]) -> ServerApp:
    """Return a worker's application, in the worker; it ends at once where told to.

    Until granian's loop runs there, a signal would go to the handler that the fork has
    of the main process, and be lost: a stop soon after a start waited for
    ``stop_seconds``, and killed the worker.
    """
    inherited = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if getattr(getattr(inherited, "__self__", None), "interrupt_signal", False):
        os._exit(0)
    return make_app()


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


class _Watch:
    """Tells when the server answers, and when a certificate changed."""

    def __init__(
        self, spec: ServeSpec, address: tuple[str, int], tell: Callable[[], None]
    ) -> None:
        self._spec, self._address, self._tell = spec, address, tell
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
        """Return whether a worker is there: it ends what is neither HTTP nor TLS."""
        host, port = self._address
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - any address
        try:
            with socket.create_connection((host, port), timeout=5) as connection:
                connection.sendall(_NO_REQUEST)
                connection.recv(1)
        except ConnectionResetError:
            return True
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
