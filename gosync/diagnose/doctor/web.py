"""Asking a host by HTTP/1.1: one connection each, redirects as ``go`` follows them.

Up to ten redirects, none from https to http. A login goes only over https, and only to
the host it is for. Each answer tells all hops on the way to it.
"""

from __future__ import annotations

import http.client
import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from gosync import __version__
from gosync.clock import SystemClock
from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.dialling import (
    NetOrigin,
    connect_class,
    proxy_login,
)
from gosync.diagnose.doctor.http2 import ask_http2
from gosync.diagnose.doctor.lines import HostLine, LineOpener
from gosync.diagnose.doctor.localfiles import read_as_answer
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageLog
from gosync.diagnose.doctor.webanswer import WebAnswer
from gosync.upstream.credentials import Credentials
from gosync.upstream.urls import strip_secrets

MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PIECE: Final = 1 << 16
_URL_SAFE: Final = "%/:=&?~#+!$,;'@()*[]"
_GZIP: Final = 31  # zlib's number for a gzip header and the largest window
_ODD_ANSWERS: Final = 16
_EVIDENCE_BYTES: Final = 1 << 16
_AGENT: Final = f"gosync-doctor/{__version__}"
_AGAIN: Final = (
    "ask again; if it stays so, something between filters: another network, or"
    " HTTPS_PROXY"
)
# What each request has.
HEADERS: Final = {
    "User-Agent": _AGENT,
    "Accept-Encoding": "gzip",
}


class Web:
    """Asks hosts, and keeps a connection to each.

    Attributes:
        asked: The URLs of all requests, in order, without secrets.
        odd: Answers that are evidence: refusals, redirects, pages for people.
    """

    def __init__(
        self,
        opener: LineOpener,
        netrc: Mapping[str, Credentials],
        *,
        seconds: float = 60.0,
        zip_seconds: float = 600.0,
    ) -> None:
        """Prepare to ask.

        Args:
            opener: Who opens connections.
            netrc: Logins by host, as netrc has them.
            seconds: How long a question may take in all.
            zip_seconds: The same for a zip.
        """
        self._seconds = seconds
        self._zip_seconds = zip_seconds
        self._opener = opener
        self._netrc = netrc
        self._logins: dict[NetOrigin, Credentials] = {}
        self._lines: dict[NetOrigin, HostLine] = {}
        self.asked: list[str] = []
        self.odd: list[WebAnswer] = []

    def know(self, url: str, login: Credentials) -> None:
        """Take up a login for a URL's host."""
        self._logins[NetOrigin.of(url)] = login

    def open(self, url: str, log: StageLog) -> HostLine:
        """Open the line to a URL's host, with its stages.

        Raises:
            FaultFoundError: It cannot be opened.
        """
        origin = NetOrigin.of(url)
        if origin not in self._lines:
            self._lines[origin] = self._opener.open(origin, log)
        return self._lines[origin]

    def open_as_go(self, url: str, log: StageLog) -> None:
        """Open the line to a URL's host, and ask for the URL over HTTP/2 if offered.

        Raises:
            FaultFoundError: It cannot be opened, or HTTP/2 fails.
        """
        origin = NetOrigin.of(url)
        if origin in self._lines:
            return
        line = self._opener.open(origin, log, http2=True)
        if line.tls is None or line.tls.alpn != "h2":
            self._lines[origin] = line
            return
        with line.sock, log.stage("http2", curl=f"curl -sSi --http2 {url}") as stage:
            self.asked.append(strip_secrets(url))
            stage.saw(say("{sock} over HTTP/2", sock=ask_http2(line.sock, url, _AGENT)))

    def get(
        self,
        url: str,
        *,
        limit_bytes: int,
        sink: Callable[[bytes], object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WebAnswer:
        """Ask for a URL; one of a file is read.

        Args:
            url: What is asked for.
            limit_bytes: How much of the body is read.
            sink: Takes the body of a 200 in place of the answer.
            headers: Further header fields.

        Raises:
            FaultFoundError: No answer could be had.
        """
        if url.startswith("file:"):
            return read_as_answer(url, limit_bytes, sink)
        hops: list[str] = []
        while True:
            answer = self._once(url, limit_bytes, sink, headers or {})
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return self._noted(msgspec.structs.replace(answer, hops=tuple(hops)))
            hops.append(strip_secrets(url))
            url = self._next(url, location, hops)

    def close(self) -> None:
        """Close all connections."""
        for line in self._lines.values():
            with suppress(OSError):
                line.sock.close()
        self._lines.clear()

    def keep(self, answer: WebAnswer) -> None:
        """Keep an answer as evidence, with the beginning of its body."""
        if len(self.odd) < _ODD_ANSWERS:
            body = answer.body[:_EVIDENCE_BYTES]
            self.odd.append(msgspec.structs.replace(answer, body=body))

    def _noted(self, answer: WebAnswer) -> WebAnswer:
        """Keep an answer that may be evidence, and hand it on."""
        if answer.status != 200 or answer.hops or answer.is_page:
            self.keep(answer)
        return answer

    def _next(self, url: str, location: str, hops: list[str]) -> str:
        if len(hops) >= MAX_REDIRECTS:
            raise fault(
                "http.redirects",
                say(
                    "{hops}: redirects without end, {count} so far, the last to "
                    "{location}",
                    hops=hops[0],
                    count=len(hops),
                    location=strip_secrets(location),
                ),
                "its operator must mend the redirects; a portal asks for a login",
            )
        try:
            target = quote(urljoin(url, location), safe=_URL_SAFE)
            scheme, host = urlsplit(target).scheme, NetOrigin.of(target).host
        except (KeyError, ValueError):
            scheme = host = target = ""
        if scheme not in ("http", "https") or not host:
            raise fault(
                "http.redirects",
                say("{hops}: redirects to no web address", hops=hops[-1]),
                "its operator must mend the redirect",
            )
        if urlsplit(url).scheme == "https" and scheme == "http":
            raise fault(
                "http.insecure_redirect",
                say(
                    "{hops}: redirects from https to {target}",
                    hops=hops[-1],
                    target=strip_secrets(target),
                ),
                "go does not follow that: its operator must redirect to https",
            )
        return target

    def _once(
        self,
        url: str,
        limit_bytes: int,
        sink: Callable[[bytes], object] | None,
        headers: Mapping[str, str],
    ) -> WebAnswer:
        origin = NetOrigin.of(url)
        is_kept = origin in self._lines
        line = self.open(url, StageLog(SystemClock()))
        try:
            return self._exchange(line, url, limit_bytes, sink, headers)
        except FaultFoundError as exc:
            self._drop(origin)
            broke = exc.finding.cause in ("network.eof", "network.reset")
            if not (is_kept and broke):
                raise
        line = self.open(url, StageLog(SystemClock()))  # an idle connection was closed
        return self._exchange(line, url, limit_bytes, sink, headers)

    def _exchange(
        self,
        line: HostLine,
        url: str,
        limit_bytes: int,
        sink: Callable[[bytes], object] | None,
        headers: Mapping[str, str],
    ) -> WebAnswer:
        shown = strip_secrets(url)
        self.asked.append(shown)
        response = http.client.HTTPResponse(line.sock, method="GET", url=url)
        is_zip = sink is not None
        is_begun = False
        try:
            with _until(line.sock, self._zip_seconds if is_zip else self._seconds):
                line.sock.sendall(self._head(line, url, headers))
                response.begin()
                is_begun = True
                taken = sink if response.status == 200 else None
                body, size, is_whole = _read(response, limit_bytes, taken)
        except (OSError, http.client.HTTPException, zlib.error) as exc:
            if is_begun and isinstance(exc, ConnectionResetError):
                text = say("{url}: the connection is reset in its body", url=shown)
                raise fault("download.reset", text, _AGAIN) from exc
            raise _broken(exc, shown) from exc
        finally:
            response.close()  # its end of the socket; the line goes on
        fields = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close or not is_whole:
            self._drop(line.origin)
        return WebAnswer(
            url=shown,
            status=response.status,
            headers=fields,
            body=body,
            size_bytes=size,
            is_whole=is_whole,
        )

    def _head(self, line: HostLine, url: str, headers: Mapping[str, str]) -> bytes:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        path = quote((parts.path or "/") + query, safe=_URL_SAFE)
        target = f"{line.origin}{path}" if line.proxy else path
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {line.origin.netloc}",
            *(f"{name}: {value}" for name, value in {**HEADERS, **headers}.items()),
            *(proxy_login(line.proxy) if line.proxy else ()),
        ]
        login = self._logins.get(line.origin) or self._netrc.get(line.origin.host)
        if login is not None and line.origin.scheme == "https":
            lines.append(f"Authorization: {login.authorization()}")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")

    def _drop(self, origin: NetOrigin) -> None:
        line = self._lines.pop(origin, None)
        if line is not None:
            line.sock.close()


def _read(
    response: http.client.HTTPResponse,
    limit_bytes: int,
    sink: Callable[[bytes], object] | None,
) -> tuple[bytes, int, bool]:
    """Return the body, its size, and whether that is all of it."""
    pieces: list[bytes] = []
    size = 0
    for piece in _pieces(response):
        taken = piece[: limit_bytes - size]
        size += len(taken)
        (sink or pieces.append)(taken)
        if len(taken) < len(piece):
            return b"".join(pieces), size, False
    return b"".join(pieces), size, True


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield a body as it comes, unpacked where it is packed, as go does."""
    packed = response.headers.get("content-encoding", "").strip().lower() == "gzip"
    unpacking = zlib.decompressobj(_GZIP) if packed else None
    while piece := response.read1(_PIECE):
        if unpacking is None:
            yield piece
            continue
        waiting = piece
        while waiting:
            yield unpacking.decompress(waiting, _PIECE)
            waiting = unpacking.unconsumed_tail
    if response.length:  # fewer bytes than were declared
        raise http.client.IncompleteRead(b"", response.length)


@contextmanager
def _until(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Give a question so long in all, however slowly bytes come.

    Raises:
        TimeoutError: It took longer.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as exc:
        if late.is_set():
            raise TimeoutError from exc
        raise
    finally:
        timer.cancel()


def _broken(error: Exception, url: str) -> FaultFoundError:
    if isinstance(error, http.client.RemoteDisconnected):
        return fault(
            "network.eof",
            say("{url}: the connection is closed before an answer", url=url),
            "its log says why; something between may have done it",
        )
    if isinstance(error, zlib.error):
        return fault(
            "download.truncated",
            say("{url}: broken gzip: {error}", url=url, error=error),
            _AGAIN,
        )
    if isinstance(error, http.client.IncompleteRead):
        return fault(
            "download.truncated",
            say("{url}: the body ends early", url=url),
            "ask again; a cache or web proxy between may hold a cut copy",
        )
    if isinstance(error, http.client.HTTPException):
        return fault(
            "http.other",
            say(
                "{url}: the answer is no HTTP: {name}",
                url=url,
                name=type(error).__name__,
            ),
            "does the port speak TLS? write https:// then",
        )
    cause = connect_class(error) if isinstance(error, OSError) else "network.reset"
    texts = {
        "network.timeout": "no answer in time",
        "network.reset": "the connection is reset",
    }
    return fault(
        "network.reset" if cause == "network.refused" else cause,
        say("{url}: {what}", url=url, what=texts.get(cause, str(error))),
        _AGAIN,
    )
