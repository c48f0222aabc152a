"""What logged paths ask for: module, version and file, read backwards. Pure.

A path is percent-encoded as it was sent, or decoded by its server; it may have the
prefix that the tree is served below, an address before it (``http://go.example/...``)
and a query behind it. It is cut at its first "@" (``rows``), and each half is read
once and remembered: there are far fewer modules and file names than there are paths.
Together they tell what a line counts as; whoever needs the very request, of the few
lines that matter, has it from ``request_of``, which is exact.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from gosync.errors import MalformedError
from gosync.folder.requests import ProxyRequest, ProxyRequestKind, parse_request
from gosync.folder.routes import (
    LATEST_NAME,
    LIST_NAME,
    SUMDB_FOLDER,
    VERSIONS_FOLDER,
    version_of_name,
)
from gosync.gomod.module import unescape_path, unescape_version

OTHER: Final = "other"
# A kind is known by its place here: plain numbers are what is quickest to count by.
KINDS: Final = (OTHER, *(kind.value for kind in ProxyRequestKind))
KIND_PLACES: Final = {kind: at for at, kind in enumerate(KINDS)}
_MAX_HALF: Final = 4096
_LOOKUP: Final = "/lookup/"


class PathHead:
    """What the half of a path before its first "@" tells, and how often it came.

    Attributes:
        at: The kind's place in KINDS, where this half alone tells it, else 0.
        module: The module, "" for none.
        is_watched: Whether somebody wants to see every request for the module.
        count: How often it came.
        first: When it came first, in seconds since 1970; None before that is known.
    """

    __slots__ = ("at", "count", "first", "is_watched", "module")

    def __init__(self, at: int, module: str) -> None:
        self.at = at
        self.module = module
        self.is_watched = False
        self.count = 0
        self.first: int | None = None


class PathTail:
    """What the half from the first "@" on tells.

    Attributes:
        at: The kind's place in KINDS, 0 for none.
        version: The version, branch or commit, "" for none.
    """

    __slots__ = ("at", "version")

    def __init__(self, at: int, version: str) -> None:
        self.at = at
        self.version = version


def head_of(half: bytes, prefix: str) -> PathHead:
    """Return what a first half tells.

    Args:
        half: Its bytes.
        prefix: What the tree is served below, like "/goproxy"; "" for the root.
    """
    path = relative_path(half, prefix)
    if path is None:
        return PathHead(0, "")
    if path.startswith(f"{SUMDB_FOLDER}/"):
        return _head_of_sumdb(path)
    if not path.endswith("/"):
        request = parse_request(path)
        return PathHead(_place(request), "")
    try:
        return PathHead(0, unescape_path(path.removesuffix("/")))
    except MalformedError:
        return PathHead(0, "")


def _head_of_sumdb(path: str) -> PathHead:
    _, found, escaped = path.partition(_LOOKUP)
    if not found:
        request = parse_request(path)
        return PathHead(_place(request), "")
    try:
        return PathHead(
            KIND_PLACES[ProxyRequestKind.LOOKUP.value], unescape_path(escaped)
        )
    except MalformedError:
        return PathHead(0, "")


def _place(request: ProxyRequest | None) -> int:
    return 0 if request is None else KIND_PLACES[request.kind.value]


def tail_of(half: bytes) -> PathTail:
    """Return what a second half tells."""
    text = _decoded(half)
    if text is None or not text:
        return PathTail(0, "")
    folder, _, name = text.partition("/")
    if folder != VERSIONS_FOLDER:
        if text == LATEST_NAME:
            return PathTail(KIND_PLACES["latest"], "")
        return PathTail(0, text[1:])
    if name == LIST_NAME:
        return PathTail(KIND_PLACES["list"], "")
    file = version_of_name(name)
    return (
        _query(name) if file is None else PathTail(KIND_PLACES[file[1].value], file[0])
    )


def _query(name: str) -> PathTail:
    """Return what a name in ``@v/`` asks for that is no version's."""
    try:
        query = unescape_version(name.removesuffix(".info"))
    except MalformedError:
        return PathTail(0, "")
    return PathTail(KIND_PLACES["query"] if name.endswith(".info") else 0, query)


def request_of(path: bytes, prefix: str = "") -> ProxyRequest | None:
    """Return what a path asks for, None where it is nothing of a tree's."""
    relative = relative_path(path, prefix)
    return None if relative is None else parse_request(relative)


def relative_path(path: bytes, prefix: str) -> str | None:
    """Return a path as it is in a tree, None for one that is not below the prefix."""
    if len(path) > _MAX_HALF:
        return None
    if path[:7] in {b"http://", b"https:/"}:
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    text = _decoded(path)
    if text is None or not text.startswith(f"{prefix}/"):
        return None
    return text.removeprefix(f"{prefix}/")


def _decoded(path: bytes) -> str | None:
    """Return a path without its query, decoded; None where it is no text."""
    if len(path) > _MAX_HALF:
        return None
    try:
        return unquote_to_bytes(path.partition(b"?")[0]).decode()
    except UnicodeDecodeError:
        return None
