"""Upstreams that speak HTTP and the module protocol in odd ways.

Each oddity of ``ODD`` answers for two modules of its own, ``odd.example/NAME/tagged``
and ``odd.example/NAME/untagged``, from what a simulator has published of them, so
that one client asks them all in one run. It is given the true answer and returns the
bytes of the odd one; what it says is sent as it is, and then the connection ends.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import threading
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, unquote

import msgspec

from gosync.demo.exchange import HttpRequest
from tests.simulator.standard import module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulator import Simulator

HOST = "odd.example"
TAGS = ("v1.0.0", "v1.1.0")
COMMITS = (
    "v0.0.0-20240101000000-aaaaaaaaaaaa",
    "v0.0.0-20240301000000-bbbbbbbbbbbb",
)
_REAL = "/real"


class True_(msgspec.Struct, frozen=True):  # noqa: N801 - True is taken
    """What a sound upstream would answer.

    Attributes:
        base: The server's URL.
        path: What was asked, decoded, without ``/real``.
        target: What was asked, as it came.
        hops: How often ``/real`` stood before it.
        status: The status.
        body: The body.
    """

    base: str
    path: str
    target: str
    hops: int
    status: int
    body: bytes

    @property
    def name(self) -> str:
        """The file that was asked for: ``list``, ``@latest``, ``v1.0.0.info``..."""
        return self.path.rpartition("/")[2]


def plain(
    true: True_,
    *headers: str,
    body: bytes | None = None,
    status: int | None = None,
    length: bool = True,
    start: str = "HTTP/1.1",
) -> bytes:
    """Return an answer; the true one where nothing else is said."""
    data = true.body if body is None else body
    lines = [f"{start} {true.status if status is None else status} Odd", *headers]
    if length:
        lines.append(f"Content-Length: {len(data)}")
    text = "\r\n".join([*lines, "Connection: close", "", ""])
    return text.encode("latin-1") + data


def header(*lines: str) -> Callable[[True_], bytes]:
    """Add headers to every answer."""
    return lambda true: plain(true, *lines)


def on(pattern: str, change: Callable[[True_], bytes]) -> Callable[[True_], bytes]:
    """Answer oddly where the file's name has this form."""
    return lambda true: (
        change(true) if re.fullmatch(pattern, true.name) else plain(true)
    )


def says(body: bytes, status: int = 200) -> Callable[[True_], bytes]:
    """Say something else."""
    return lambda true: plain(true, body=body, status=status)


def moved(
    where: Callable[[True_], str], *, status: int = 302, hops: int = 1
) -> Callable[[True_], bytes]:
    """Redirect to where the true answer is."""

    def change(true: True_) -> bytes:
        if true.hops >= hops:
            return plain(true)
        return plain(true, f"Location: {where(true)}", status=status, body=b"there")

    return change


def with_empty_segments(where: Callable[[True_], str]) -> Callable[[True_], bytes]:
    """Redirect to a path that is another one without its empty segments."""
    change = moved(where)

    def strict(true: True_) -> bytes:
        if true.hops and "//" not in true.target:
            return plain(true, body=b"there is no such path", status=404)
        return change(true)

    return strict


def further(true: True_) -> str:
    """Return the path of the next hop."""
    return _REAL * (true.hops + 1) + quote(true.path)


def chunked(
    true: True_, *headers: str, extension: str = "", trailer: str = ""
) -> bytes:
    """Send the body in two chunks."""
    half = len(true.body) // 2
    pieces = [piece for piece in (true.body[:half], true.body[half:]) if piece]
    chunks = b"".join(
        f"{len(piece):x}{extension}\r\n".encode() + piece + b"\r\n" for piece in pieces
    )
    head = plain(true, "Transfer-Encoding: chunked", *headers, body=b"", length=False)
    return head + chunks + f"0{extension}\r\n{trailer}\r\n".encode()


def edited(true: True_, old: bytes, new: bytes) -> bytes:
    """Send the body with some bytes in place of others."""
    return plain(true, body=true.body.replace(old, new))


_INFO = r".*\.info|@latest"
ODD: Mapping[str, Callable[[True_], bytes]] = {
    "sound": plain,
    # Content-Encoding: net/http undoes the gzip that it asked for, and no other.
    "encoding-identity": header("Content-Encoding: identity"),
    "encoding-aws-chunked": header("Content-Encoding: aws-chunked"),
    "encoding-utf-8": header("Content-Encoding: utf-8"),
    "encoding-upper": header("Content-Encoding: UTF-8"),
    "encoding-empty": header("Content-Encoding:"),
    "encoding-none": header("Content-Encoding: none"),
    "encoding-binary": header("Content-Encoding: binary"),
    "encoding-unknown": header("Content-Encoding: x-nobody-knows"),
    "encoding-several": header("Content-Encoding: identity, aws-chunked"),
    "encoding-twice": header("Content-Encoding: identity", "Content-Encoding: none"),
    "encoding-gzip": lambda t: plain(
        t, "Content-Encoding: gzip", body=gzip.compress(t.body)
    ),
    "encoding-gzip-upper": lambda t: plain(
        t, "Content-Encoding: GZIP", body=gzip.compress(t.body)
    ),
    "encoding-false-br": header("Content-Encoding: br"),
    "encoding-false-zstd": header("Content-Encoding: zstd"),
    # Content-Type: nobody looks at it.
    "type-html": header("Content-Type: text/html"),
    "type-odd": header("Content-Type: ;;; no / type"),
    "type-empty": header("Content-Type:"),
    # Framing.
    "http-1.0": lambda t: plain(t, start="HTTP/1.0"),
    "http-1.0-no-length": lambda t: plain(t, start="HTTP/1.0", length=False),
    "no-length": lambda t: plain(t, length=False),
    "length-twice": lambda t: plain(t, f"Content-Length: {len(t.body)}"),
    "chunked": chunked,
    "chunked-extension": lambda t: chunked(t, extension=";a=b"),
    "chunked-trailer": lambda t: chunked(t, trailer="X-Sum: 1\r\n"),
    "chunked-and-length": lambda t: chunked(t, "Content-Length: 3"),
    "chunked-upper": lambda t: chunked(t).replace(b": chunked", b": Chunked"),
    "no-reason": lambda t: plain(t).replace(b" Odd\r\n", b"\r\n", 1),
    "bare-newlines": lambda t: b"\n\n".join(
        [
            plain(t).partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n"),
            t.body,
        ]
    ),
    "early-hints": lambda t: b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + plain(t),
    "continue": lambda t: b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + plain(t),
    "more-than-declared": lambda t: plain(t) + b"more",
    "folded-header": header("X-Odd: one\r\n two"),
    "many-headers": header(*(f"X-{n}: {n}" for n in range(200))),
    "long-header": header("X-Long: " + "a" * 60_000),
    "latin-1-header": header("X-Odd: \xe9"),
    "empty-header": header("X-Odd:"),
    "set-cookie": header("Set-Cookie: a=b; Domain=.example.com"),
    # Redirects.
    **{f"moved-{n}": moved(further, status=n) for n in (301, 302, 303, 307, 308)},
    "moved-absolute": moved(lambda t: t.base + further(t)),
    "moved-upper-scheme": moved(lambda t: t.base.replace("http", "HTTP") + further(t)),
    "moved-without-scheme": moved(lambda t: t.base.partition(":")[2] + further(t)),
    "moved-relative": moved(lambda t: quote(t.name) + "?moved=1"),
    "moved-up": moved(lambda t: "../" * (t.path.count("/") - 1) + further(t)[1:]),
    "moved-dots": moved(lambda t: "/x/./y/../.." + further(t)),
    "moved-empty-segments": with_empty_segments(lambda t: "/empty//" + further(t)[1:]),
    "moved-empty-segments-at-end": with_empty_segments(
        lambda t: further(t).replace("/odd", "//odd")
    ),
    "moved-empty-segments-relative": with_empty_segments(
        lambda t: "../" * (t.path.count("/") - 1) + "empty//" + further(t)[1:]
    ),
    "moved-escaped": moved(
        lambda t: further(t).replace("@", "%40").replace("v", "%76")
    ),
    "moved-fragment": moved(lambda t: further(t) + "#part"),
    "moved-query": moved(lambda t: further(t) + "?a=b&c=%2F&sig=a+b"),
    "moved-space": moved(lambda t: further(t) + "?a b"),
    "moved-nine-times": moved(further, hops=9),
    "moved-user": moved(lambda t: t.base.replace("//", "//someone:word@") + further(t)),
    "moved-nowhere": lambda t: plain(t, status=302, body=b""),
    # The protocol.
    "list-crlf": on("list", lambda t: edited(t, b"\n", b"\r\n")),
    "list-times": on("list", lambda t: edited(t, b"\n", b" 2024-01-01T00:00:00Z\n")),
    "list-no-newline": on("list", lambda t: plain(t, body=t.body.rstrip())),
    "list-blank": on("list", lambda t: edited(t, b"\n", b"\n\n \t\n")),
    "list-twice": on("list", lambda t: plain(t, body=t.body * 2)),
    "list-mark": on("list", lambda t: plain(t, body=b"\xef\xbb\xbf" + t.body)),
    "list-long-line": on("list", lambda t: plain(t, body=t.body + b"x" * 100_000)),
    "list-with-commits": on(
        "list",
        lambda t: plain(t, body=t.body + "".join(f"{v}\n" for v in COMMITS).encode()),
    ),
    "list-of-commits-no-latest": lambda t: _commits_alone(t, 404),
    "list-of-commits-latest-gone": lambda t: _commits_alone(t, 410),
    "list-missing": on("list", says(b"", 404)),
    "latest-missing": on("@latest", says(b"no", 404)),
    "latest-gone": on("@latest", says(b"no", 410)),
    "latest-not-implemented": on("@latest", says(b"no", 501)),
    "latest-not-allowed": on("@latest", says(b"no", 405)),
    "latest-failing": on("@latest", says(b"no", 500)),
    "latest-empty": on("@latest", says(b"")),
    "info-lower": on(_INFO, lambda t: edited(t, b'"Version"', b'"version"')),
    "info-upper": on(_INFO, lambda t: edited(t, b'"Version"', b'"VERSION"')),
    "info-spaces": on(_INFO, lambda t: plain(t, body=b"\n \t" + t.body + b"\r\n ")),
    "info-unknown-keys": on(_INFO, lambda t: edited(t, b"{", b'{"X":[{}],"Y":null,')),
    "info-null": on(_INFO, lambda t: edited(t, b"{", b'{"Time":null,"Origin":null,')),
    "info-twice": on(_INFO, lambda t: edited(t, b"{", b'{"Version":"v9.9.9",')),
    "info-mark": on(_INFO, lambda t: plain(t, body=b"\xef\xbb\xbf" + t.body)),
    "info-garbage": on(_INFO, lambda t: plain(t, body=t.body + b"x")),
    "info-missing": on(r".*\.info", says(b"", 404)),
    "info-bytes": on(_INFO, lambda t: edited(t, b"{", b'{"X":"\xff\xfe",')),
    "info-deep": on(
        _INFO,
        lambda t: edited(
            t,
            b"{",
            b'{"X":' + b"[" * 500 + b"]" * 500 + b",",
        ),
    ),
}


def _commits_alone(true: True_, status: int) -> bytes:
    if true.name == "@latest":
        return plain(true, body=b"no", status=status)
    if true.name == "list" and "/untagged/" in true.path:
        return plain(true, body="".join(f"{v}\n" for v in COMMITS).encode())
    return plain(true)


def modules_of(name: str) -> tuple[str, str]:
    """Return the module with tags and the one without, of an oddity."""
    return f"{HOST}/{name}/tagged", f"{HOST}/{name}/untagged"


class OddUpstream:
    """Serves what a simulator has, oddly; use it in ``with``.

    Attributes:
        url: Where.
    """

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        for name in ODD:
            tagged, untagged = modules_of(name)
            for version in TAGS:
                sim.publish(module(tagged, version), indexed=False)
            for version in COMMITS:
                sim.publish(module(untagged, version), indexed=False)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            connection,
            contextlib.suppress(OSError),
            connection.makefile("rb") as file,
        ):
            words = file.readline().split(b" ")
            if len(words) == 1:
                return  # a connection that a client made ready and did not need
            target = words[1].decode()
            while file.readline().strip():
                pass
            connection.sendall(self._answer(target))

    def _answer(self, target: str) -> bytes:
        path = re.sub("/+", "/", unquote(target.partition("?")[0]))
        path = path.removeprefix("/empty")
        hops = 0
        while path.startswith(_REAL + "/"):
            path, hops = path.removeprefix(_REAL), hops + 1
        hops += "?moved=1" in target
        got = self._sim.answer(HttpRequest("GET", path, path))
        assert isinstance(got.body, bytes)
        true = True_(self.url, path, target, hops, got.status, got.body)
        return ODD[path.split("/")[2]](true)
