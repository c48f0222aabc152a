"""What a URL's path asks for, and which tags its answer has. Pure.

A path is taken as the server hands it out, percent-decoded once. It names a file of a
tree if every element is a plain name: not empty, no dot at its beginning (``.`` and
``..``, and what is gosync's own), no control character, no backslash, no more than
255 bytes. So ``%2e%2e``, ``%2f`` and ``%00`` are what they decode to, and no path
leads out of the tree. A folder's path, with "/" at its end, asks for its page.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from gosync.folder.indexfiles import INDEX_FOLDER
from gosync.folder.requests import ProxyRequest, ProxyRequestKind, parse_request
from gosync.folder.routes import ROOT_PAGE

_NAME: Final = r"(?!\.)[^/\\\x00-\x1f\x7f\ufffd]{1,255}"
_PATH: Final = re.compile(f"/(?:{_NAME}/)*(?:{_NAME})?")
_MAX_CHARACTERS: Final = 2048
_MAX_NAME_BYTES: Final = 255
_TEXTS: Final = frozenset({"html", "atom", "json", "jsonl", "txt", "css", "sh", "ps1"})
NOT_FOUND: Final = "public, max-age=60"
NO_STORE: Final = "no-store"
_LOGGED: Final = {
    ProxyRequestKind.MODULE_PAGE: "page",
    ProxyRequestKind.SUPPORTED: "head",
    ProxyRequestKind.FEED: "page",
    ProxyRequestKind.STATUS: "page",
    ProxyRequestKind.INDEX: "page",
    ProxyRequestKind.ARTIFACT: "file",
}
_OF_LOG: Final = {
    ProxyRequestKind.TILE,
    ProxyRequestKind.HEAD,
    ProxyRequestKind.SUPPORTED,
}
OTHER: Final = "file"


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What one path asks for.

    Attributes:
        path: The file's path in a tree.
        request: What that is of a module proxy, None for another file.
    """

    path: str
    request: ProxyRequest | None

    @property
    def kind(self) -> str:
        """What logs and figures call it."""
        if self.request is None:
            return OTHER
        return _LOGGED.get(self.request.kind, self.request.kind.value)

    @property
    def is_text(self) -> bool:
        """Whether compressing it is worth while."""
        name = self.path.rpartition("/")[2]
        suffix = name.rpartition(".")[2]
        return name == "list" or suffix in _TEXTS

    @property
    def is_of_log(self) -> bool:
        """Whether it is a checksum database's, and no module version's."""
        kind = None if self.request is None else self.request.kind
        return kind in _OF_LOG

    @property
    def is_index(self) -> bool:
        """Whether it is Go's module index, and none of its files."""
        return self.path == INDEX_FOLDER

    @property
    def module(self) -> str:
        """The module that it is of, "" for none."""
        return "" if self.request is None else self.request.module


def read_path(path: str) -> Asked | None:
    """Return what a URL's path asks for, None where it can name no file."""
    if len(path) > _MAX_CHARACTERS or not _PATH.fullmatch(path):
        return None
    name = path[1:] if not path.endswith("/") else f"{path[1:]}{ROOT_PAGE}"
    if not path.isascii() and _has_long_name(name):
        return None
    return Asked(name, parse_request(name))


def _has_long_name(path: str) -> bool:
    try:
        return any(len(each.encode()) > _MAX_NAME_BYTES for each in path.split("/"))
    except UnicodeEncodeError:
        return True


def surrogate_keys(asked: Asked) -> str:
    """Return the tags by which a CDN may drop an answer: its module, its database."""
    request = asked.request
    if request is None:
        return ""
    keys = []
    if request.module:
        keys.append(f"module:{request.module}")
    if request.database:
        keys.append(f"sumdb:{request.database}")
    return " ".join(keys)
