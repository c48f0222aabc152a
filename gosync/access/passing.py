"""Passing on of a build's requests: a GOPROXY on loopback that asks the upstreams.

It is there for one build, and keeps nothing. What it hands on is not proven here: the
go command proves it, by the checksum database that is asked through the same address
(GOSUMDB stays on). What is no request of a module proxy is answered with 404; whom to
ask is the configuration's, never the client's, to say.

    with passing_proxy(options, asked.add) as url:
        ...                                     GOPROXY=url
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO, Final
from urllib.parse import unquote

from anyio.from_thread import BlockingPortal, start_blocking_portal

from gosync.errors import GosyncError, NotFoundError, UpstreamStatusError
from gosync.folder.requests import ProxyRequest, ProxyRequestKind, parse_request
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.site.options import SiteOptions
from gosync.site.upstreams import add_own
from gosync.upstream.http import Fetcher
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.sources import Sources
from gosync.upstream.sumdb import SumDBRemote

_log = logging.getLogger(__name__)
_PIECE_BYTES: Final = 1 << 20
_OK: Final = 200
_NOT_FOUND: Final = 404
_UNAVAILABLE: Final = 503
Note = Callable[[ProxyRequest, bool], None]


class Upstream:
    """Asks the upstreams for what one request is for."""

    def __init__(self, proxy: ProxyClient, sums: SumDBRemote | None, name: str) -> None:
        """Prepare to ask.

        Args:
            proxy: Modules.
            sums: The checksum database, None for none.
            name: Its name, "" for none.
        """
        self._proxy = proxy
        self._sums = sums
        self._name = name

    async def answer(self, request: ProxyRequest, file: BinaryIO) -> None:
        """Write what a request is for into a file.

        Raises:
            NotFoundError: nobody has it.
            GosyncError: no answer could be had.
        """
        mv = ModuleVersion(request.module, request.version)
        if request.kind is ProxyRequestKind.ZIP:
            await self._zip(mv, file)
        else:
            file.write(await self._document(request, mv))

    async def _zip(self, mv: ModuleVersion, file: BinaryIO) -> None:
        def new_sink() -> Callable[[bytes], object]:
            file.seek(0)
            file.truncate()
            return file.write

        await self._proxy.zip(mv, new_sink)

    async def _document(self, request: ProxyRequest, mv: ModuleVersion) -> bytes:
        kind = request.kind
        if kind is ProxyRequestKind.LIST:
            return (await self._proxy.versions(mv.path)).data
        if kind is ProxyRequestKind.LATEST:
            return (await self._proxy.latest(mv.path)).data
        if kind in {ProxyRequestKind.INFO, ProxyRequestKind.QUERY}:
            return (await self._proxy.info(mv)).data
        if kind is ProxyRequestKind.MOD:
            return (await self._proxy.mod(mv)).data
        return await self._of_database(request)

    async def _of_database(self, request: ProxyRequest) -> bytes:
        path = _database_path(request)
        if self._sums is None or request.database != self._name or path is None:
            raise NotFoundError("not found: no such file")
        if request.kind is ProxyRequestKind.SUPPORTED:
            return b""
        return (await self._sums.read(path)).body


def _database_path(request: ProxyRequest) -> str | None:
    """Return a path below a checksum database, None for none."""
    if request.kind is ProxyRequestKind.LOOKUP:
        escaped = escape_path(request.module), escape_version(request.version)
        return f"lookup/{'@'.join(escaped)}"
    return {
        ProxyRequestKind.SUPPORTED: "supported",
        ProxyRequestKind.HEAD: "latest",
        ProxyRequestKind.TILE: request.tile,
    }.get(request.kind)


@contextmanager
def passing_proxy(options: SiteOptions, note: Note) -> Iterator[str]:
    """Serve on loopback; give the address.

    Args:
        options: Who is asked, and how.
        note: Called with each request, and whether it was answered with what it asked
            for, by one thread at a time. What could not be answered is not noted.

    Raises:
        OSError: no port can be listened at.
    """
    with start_blocking_portal() as portal:
        fetcher = Fetcher(options.http)
        with portal.wrap_async_context_manager(fetcher):
            database = options.database
            sources = Sources(options.proxies, fetcher, options.routing)
            add_own(options, sources, fetcher)
            sums = None if database is None else SumDBRemote(database, sources)
            name = "" if database is None else database.name
            upstream = Upstream(ProxyClient(sources), sums, name)
            with _serving(_Server(portal, upstream, note)) as port:
                yield f"http://127.0.0.1:{port}"


class _Server(ThreadingHTTPServer):
    """Listens on loopback, at a port of the system's choice."""

    daemon_threads = True

    def __init__(self, portal: BlockingPortal, upstream: Upstream, note: Note) -> None:
        self._portal = portal
        self._upstream = upstream
        self._note = note
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def fetch(self, request: ProxyRequest, file: BinaryIO) -> None:
        """Write what a request is for into a file, and note whether it is there.

        Raises:
            NotFoundError: nobody has it.
            GosyncError: no answer could be had.
        """
        try:
            self._portal.call(self._upstream.answer, request, file)
        except NotFoundError:
            with self._lock:
                self._note(request, False)  # noqa: FBT003 - the callable's own
            raise
        with self._lock:
            self._note(request, True)  # noqa: FBT003 - the callable's own


@contextmanager
def _serving(server: _Server) -> Iterator[int]:
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers one client's requests."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0]).removeprefix("/")
        request = parse_request(path)
        if request is None:
            self._refuse(_NOT_FOUND, "not found: no such file")
            return
        with tempfile.TemporaryFile() as file:
            try:
                self.server.fetch(request, file)
            except NotFoundError as exc:
                self._refuse(_NOT_FOUND, f"not found: {exc}")
            except GosyncError as exc:
                _log.warning("%s: %s", path, exc)
                self._refuse(_status_of(exc), str(exc))
            else:
                self._send(file)

    def _send(self, file: BinaryIO) -> None:
        size_bytes = file.seek(0, 2)
        file.seek(0)
        self.send_response(_OK)
        self.send_header("Content-Length", str(size_bytes))
        self.end_headers()
        while data := file.read(_PIECE_BYTES):
            self.wfile.write(data)

    def _refuse(self, status: int, text: str) -> None:
        data = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: what is asked is recorded."""


def _status_of(error: GosyncError) -> int:
    """Return the status that go is told; never 404, which would mean a no."""
    return error.status if isinstance(error, UpstreamStatusError) else _UNAVAILABLE
