"""The answer headers of a tree's files: media type, and how long caches may keep them.

Whoever serves a tree says the same of a file: `gosync serve`, and an object store that
is told when the file is put there. Pure.

Caching follows what may change: files of a version and tiles never do, ``.info`` of a
version hardly (an Origin may be added), lookups do (the signed note in them), and
``list``, ``@latest``, a branch's ``.info``, pages and the newest head do.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gosync.folder.requests import ProxyRequest, ProxyRequestKind

_DAY_SECONDS: Final = 86_400
_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"
_BINARY: Final = "application/octet-stream"
_BY_SUFFIX: Final = {
    "html": "text/html; charset=utf-8",
    "atom": "application/atom+xml",
    "xml": "application/xml",
    "json": _JSON,
    "info": _JSON,
    "zip": "application/zip",
    "gz": "application/gzip",
    "mod": _TEXT,
    "txt": _TEXT,
    "sh": _TEXT,
    "ps1": _TEXT,
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "jsonl": "application/jsonl",
}
_BY_KIND: Final = {
    ProxyRequestKind.LATEST: _JSON,
    ProxyRequestKind.QUERY: _JSON,
    ProxyRequestKind.LIST: _TEXT,
    ProxyRequestKind.SUPPORTED: _TEXT,
    ProxyRequestKind.HEAD: _TEXT,
    ProxyRequestKind.LOOKUP: _TEXT,
    ProxyRequestKind.TILE: _BINARY,
}
_UNCHANGING: Final = {
    ProxyRequestKind.MOD,
    ProxyRequestKind.ZIP,
    ProxyRequestKind.TILE,
}
_BRIEF: Final = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
_LOOKUP: Final = "public, max-age=3600"


def content_type(path: str, request: ProxyRequest | None) -> str:
    """Return a file's media type.

    Args:
        path: Its path in the tree.
        request: What that is of a module proxy, None for another file.
    """
    if request is not None and request.kind in _BY_KIND:
        return _BY_KIND[request.kind]
    _, _, suffix = path.rpartition("/")[2].rpartition(".")
    return _BY_SUFFIX.get(suffix, _BINARY if request is None else _TEXT)


def cache_control(request: ProxyRequest | None, immutable_days: float) -> str:
    """Return a file's Cache-Control.

    Args:
        request: What it is of a module proxy, None for another file.
        immutable_days: How long caches may keep what never changes.
    """
    kind = None if request is None else request.kind
    if kind in _UNCHANGING:
        return _unchanging(immutable_days)
    if kind is ProxyRequestKind.INFO:
        return f"public, max-age={min(_DAY_SECONDS, _seconds(immutable_days))}"
    return _LOOKUP if kind is ProxyRequestKind.LOOKUP else _BRIEF


@lru_cache(maxsize=4)
def _unchanging(immutable_days: float) -> str:
    return f"public, max-age={_seconds(immutable_days)}, immutable"


def _seconds(days: float) -> int:
    return int(days * _DAY_SECONDS)
