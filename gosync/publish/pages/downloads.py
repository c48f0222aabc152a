"""Archives of Go in the tree: ``dl/``, named and listed as go.dev/dl has them. Pure.

::

    dl/go1.24.0.linux-amd64.tar.gz     what is unpacked to a folder ``go``
    dl/go1.24.0.windows-amd64.zip      the same for Windows
    dl/index.json                      as https://go.dev/dl/?mode=json answers
    dl/SHA256SUMS                      the newest first, for shells and sha256sum
    dl/index.html                      for people, in each language of the tree

They are made of the modules golang.org/toolchain@v0.0.1-goV.OS-ARCH, which the checksum
database proves. These have the files that building takes, and not all of go.dev's
archives (no API lists, no tests of the compiler), so sums differ from go.dev's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from html import escape
from itertools import groupby
from typing import Final

import msgspec

from gosync.folder.routes import DOWNLOADS_FOLDER, DOWNLOADS_PAGE
from gosync.gomod import gover
from gosync.publish.pages import html
from gosync.publish.pages.words import Words
from gosync.text import encode_json

INDEX: Final = f"{DOWNLOADS_FOLDER}/index.json"
SUMS: Final = f"{DOWNLOADS_FOLDER}/SHA256SUMS"
PAGE: Final = DOWNLOADS_PAGE
_COLUMNS: Final = ("Archive", "Bytes", "SHA-256")
_ENGLISH: Final = Words()
_VERSION = re.compile(r"v0\.0\.1-go([0-9][0-9a-z.]*)\.([a-z0-9]+)-([a-z0-9]+)")
_UNSTABLE = re.compile("rc|beta")


class ToolchainName(msgspec.Struct, frozen=True):
    """A toolchain of Go.

    Attributes:
        go: Its version of Go, without the ``go``.
        os: GOOS.
        arch: GOARCH.
    """

    go: str
    os: str
    arch: str

    @property
    def file(self) -> str:
        """The name of its archive."""
        suffix = "zip" if self.os == "windows" else "tar.gz"
        return f"go{self.go}.{self.os}-{self.arch}.{suffix}"


class GoDownload(msgspec.Struct, frozen=True):
    """An archive in the tree.

    Attributes:
        name: The toolchain.
        sha256: Its digest, in hex.
        size_bytes: Its size.
    """

    name: ToolchainName
    sha256: str
    size_bytes: int


def parse_toolchain(version: str) -> ToolchainName | None:
    """Return which toolchain a version of golang.org/toolchain is, None for none."""
    found = _VERSION.fullmatch(version)
    if found is None or not gover.is_valid(found[1]):
        return None
    return ToolchainName(found[1], found[2], found[3])


def newest_first(downloads: Iterable[GoDownload]) -> list[GoDownload]:
    """Return archives, those of the newest Go first, then by platform."""
    by_platform = sorted(downloads, key=lambda each: each.name.file)
    by_go = cmp_to_key(gover.compare)
    return sorted(by_platform, key=lambda each: by_go(each.name.go), reverse=True)


def format_index(downloads: Sequence[GoDownload]) -> bytes:
    """Return the list as go.dev/dl gives it to programs.

    Args:
        downloads: The archives, as ``newest_first`` orders them.
    """
    groups = groupby(downloads, key=lambda each: each.name.go)
    return encode_json([_release(go, list(files)) for go, files in groups])


def _release(go: str, files: list[GoDownload]) -> dict[str, object]:
    return {
        "version": f"go{go}",
        "stable": _UNSTABLE.search(go) is None,
        "files": [
            {
                "filename": each.name.file,
                "os": each.name.os,
                "arch": each.name.arch,
                "version": f"go{go}",
                "sha256": each.sha256,
                "size": each.size_bytes,
                "kind": "archive",
            }
            for each in files
        ],
    }


def format_sums(downloads: Iterable[GoDownload]) -> bytes:
    """Return the list as coreutils check it."""
    return "".join(f"{each.sha256}  {each.name.file}\n" for each in downloads).encode()


def downloads_page(downloads: Sequence[GoDownload], words: Words = _ENGLISH) -> bytes:
    """Return the list for people."""
    rows = "".join(
        f'<tr><td><a href="{escape(each.name.file)}">{escape(each.name.file)}</a></td>'
        f"<td>{each.size_bytes}</td><td><code>{each.sha256}</code></td></tr>"
        for each in downloads
    )
    title = words.say("Go itself")
    about = words.say(
        "Made of the toolchains that this mirror carries, each proven by the checksum"
        " database. Unpack one to a folder of its own, and put its <code>go/bin</code>"
        " into PATH."
    )
    columns = [words.say(each) for each in _COLUMNS]
    body = [
        html.breadcrumb("../", words),
        f"<h1>{title}</h1>",
        f"<p>{about}</p>",
        html.table(columns, rows),
    ]
    return html.document(title, body, words=words)
