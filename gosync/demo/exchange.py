"""One HTTP exchange: the request as read, the answer as it is to be sent.

An answer can say more than well-behaved servers do: a body in pieces that come
when they come, a Content-Length that is not the truth, an end by reset. That is
all the sample upstream's front needs to play every fault of a bad line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, StrEnum

import msgspec

from gosync.gomod.filekind import FileKind


class RequestKind(StrEnum):
    """What a request asks for; a version's files have FileKind's values."""

    INDEX = "index"
    LIST = "list"
    LATEST = "latest"
    INFO = FileKind.INFO.value
    MOD = FileKind.MOD.value
    ZIP = FileKind.ZIP.value
    SUPPORTED = "supported"
    LOOKUP = "lookup"
    TILE = "tile"
    HEAD = "head"
    OTHER = "other"


class Framing(Enum):
    """How the end of a body is marked."""

    LENGTH = "Content-Length"
    CHUNKED = "Transfer-Encoding: chunked"
    CLOSE = "the connection's end"


class Ending(Enum):
    """What becomes of the connection after the answer."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"


class HttpRequest(msgspec.Struct, frozen=True):
    """A request as the front read it.

    Attributes:
        method: GET or HEAD.
        target: The request target as sent, query included.
        path: Its path, percent-decoded: ``%21`` and ``!`` are one.
        query: The query's parameters, the last of each name.
        headers: By lower-case name.
        site: The name of the front that read it.
    """

    method: str
    target: str
    path: str
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    site: str = "upstream"


class HttpAnswer(msgspec.Struct, frozen=True):
    """An answer to send.

    Attributes:
        status: The HTTP status; 0 sends nothing at all before the ending.
        body: The bytes, or pieces of them, each sent as soon as it comes.
        content_type: The Content-Type, or "" for none.
        headers: Further headers.
        framing: How the body's end is marked.
        declared_bytes: The Content-Length when the body comes in pieces, or
            when it shall lie.
        ending: What becomes of the connection.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    framing: Framing = Framing.LENGTH
    declared_bytes: int | None = None
    ending: Ending = Ending.KEEP

    @property
    def length_bytes(self) -> int:
        """The number of bytes the answer declares, 0 when it does not say."""
        if self.declared_bytes is not None:
            return self.declared_bytes
        return len(self.body) if isinstance(self.body, bytes) else 0


class Logged(msgspec.Struct, frozen=True):
    """One line of the request log.

    Attributes:
        request: What was asked.
        kind: What that is.
        status: What was answered.
        body_bytes: The size of the body that the answer declared.
    """

    request: HttpRequest
    kind: RequestKind
    status: int
    body_bytes: int

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    @property
    def path(self) -> str:
        """The request's decoded path."""
        return self.request.path

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.target} {self.status}"


def not_found(subject: str) -> HttpAnswer:
    """Return the definite no of a module proxy."""
    return HttpAnswer(404, f"not found: {subject}\n".encode())


_FILES = {".info": RequestKind.INFO, ".mod": RequestKind.MOD, ".zip": RequestKind.ZIP}
_DATABASE = (("lookup/", RequestKind.LOOKUP), ("tile/", RequestKind.TILE))


def kind_of(path: str) -> RequestKind:
    """Return what a decoded path asks for."""
    if path == "/index":
        return RequestKind.INDEX
    if path.endswith("/@latest"):
        return RequestKind.LATEST
    _, marker, name = path.rpartition("/@v/")
    if marker:
        if name == "list":
            return RequestKind.LIST
        return _FILES.get(name[name.rfind(".") :], RequestKind.OTHER)
    return _kind_of_database(path)


def _kind_of_database(path: str) -> RequestKind:
    rest = path[1:]
    if rest.startswith("sumdb/"):
        rest = rest.split("/", 2)[-1]
    for prefix, kind in _DATABASE:
        if rest.startswith(prefix):
            return kind
    return {"latest": RequestKind.HEAD, "supported": RequestKind.SUPPORTED}.get(
        rest, RequestKind.OTHER
    )
