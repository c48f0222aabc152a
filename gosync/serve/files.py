"""Files of a tree as answers: small ones from memory, large ones from the disk.

What is known of a file is looked at again (one stat) at the first request after the
tree may have changed. ``look`` says so: it is called four times a second, and compares
the files that gosync changes with every publish; every two seconds the answer is yes in
any case, for trees that others write.

A text is compressed at the first request of a client that takes a coding, unless the
compressed file lies beside it, and kept with it. Of the codings that a client takes it
gets the one that makes texts smallest: Brotli, zstd, gzip.

The tag of a small file is of its bytes; that of a large one of its time stamp and size,
as nginx makes it, since it is never read here. Trees replace files, and never write
into one.
"""

from __future__ import annotations

import os
import zlib
from base64 import urlsafe_b64encode
from errno import ENAMETOOLONG
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import Final, TypeAlias

import zstandard

from gosync.folder.headers import cache_control, content_type
from gosync.folder.routes import MARKER, WITHDRAWN
from gosync.serve.asked import Asked, surrogate_keys

Headers: TypeAlias = list[tuple[str, str]]
_Identity: TypeAlias = tuple[int, int, int]

SMALL_BYTES: Final = 1 << 20
LOOKS_A_SECOND: Final = 4
_LOOKS_TO_DOUBT: Final = 8
_TAG_CHARACTERS: Final = 22
_WORTH_COMPRESSING_BYTES: Final = 1 << 10
_ENTRY_BYTES: Final = 1500  # what one costs beside its body
# In the order in which they are preferred, with their files beside the plain one.
_ENCODINGS: Final = (("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz"))


class Variant:
    """One form of a small file: plain, or compressed.

    Attributes:
        body: Its bytes.
        etag: Its tag.
        headers: All headers of a whole answer but the length.
    """

    __slots__ = ("body", "etag", "headers")

    def __init__(self, body: bytes, etag: str, headers: Headers) -> None:
        self.body = body
        self.etag = etag
        self.headers = headers


class ServedEntry:
    """What is known of one file.

    Attributes:
        asked: What it is.
        file: Where it lies.
        size: Its size in bytes.
        plain: Its bytes and headers; of a large file without the bytes.
        varies: Whether it has compressed forms, for clients that take such.
        is_small: Whether its bytes are here.
        epoch: When it was looked at last.
        used: Whether it was asked for since room was made last.
    """

    __slots__ = (
        *("asked", "epoch", "file", "forms", "identity", "is_small", "kind"),
        *("plain", "size", "used", "varies"),
    )

    def __init__(self, asked: Asked, file: str, identity: _Identity) -> None:
        self.asked = asked
        self.kind = asked.kind
        self.file = file
        self.identity = identity
        self.size = identity[2]
        self.is_small = False
        self.plain = Variant(b"", "", [])
        self.forms: dict[str, Variant | None] = {}
        self.varies = False
        self.epoch = 0
        self.used = False

    @property
    def cost(self) -> int:
        """How much memory it takes, about: its compressed forms as much as itself."""
        return len(self.plain.body) * (1 + self.varies) + _ENTRY_BYTES

    def chosen(self, accept_encoding: str | None) -> Variant:
        """Return the form to send to a client that takes these encodings.

        Raises:
            OSError: the disk refuses.
        """
        if accept_encoding and self.varies:
            for name, suffix in _ENCODINGS:
                if accepts(accept_encoding, name):
                    if name not in self.forms:
                        self.forms[name] = self._form(name, suffix)
                    if (form := self.forms[name]) is not None:
                        return form
        return self.plain

    def _form(self, coding: str, suffix: str) -> Variant | None:
        """Return the form of a coding; None where it is not shorter, or cannot be."""
        body = _beside(self.file, suffix, self.identity)
        if body is None:
            body = _compressed(coding, self.plain.body)
        if body is None or len(body) >= self.size:
            return None
        etag = f'{self.plain.etag[:-1]}-{coding}"'
        headers = [each for each in self.plain.headers if each[0] != "etag"]
        return Variant(
            body, etag, [*headers, ("etag", etag), ("content-encoding", coding)]
        )


def accepts(accept_encoding: str, name: str) -> bool:
    """Return whether an Accept-Encoding names a coding, and not with q=0."""
    for part in accept_encoding.split(","):
        coding, _, weight = part.partition(";")
        if coding.strip().lower() == name:
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00")
    return False


class ServedFiles:
    """The files of one tree, by URL path."""

    def __init__(
        self,
        root: Path,
        *,
        memory_bytes: int,
        immutable_days: float,
        for_all: bool = True,
    ) -> None:
        """Know nothing yet.

        Args:
            root: The tree.
            memory_bytes: How much of it may stay in memory.
            immutable_days: How long caches may keep what never changes.
            for_all: Whether everybody may read all of it, and caches of many may
                keep it.
        """
        self._for_all = for_all
        self.root = str(root)
        self._limit = memory_bytes
        self._days = immutable_days
        self._entries: dict[str, ServedEntry] = {}
        self._bytes = 0
        self._epoch = 1
        self._looks = 0
        self._signature = self._sign()

    # The hot path: a dictionary, a number.

    def get(self, path: str) -> ServedEntry | None:
        """Return what is known of the file at a URL's path, if that is still true."""
        entry = self._entries.get(path)
        if entry is None or entry.epoch != self._epoch:
            return None
        entry.used = True
        return entry

    def load(self, path: str, asked: Asked) -> ServedEntry | None:
        """Return the file at a URL's path, None where there is none.

        Raises:
            OSError: the disk refuses.
        """
        file = f"{self.root}/{asked.path}"
        known = self._entries.get(path)
        identity = _identity(file)
        if known is not None and known.identity == identity:
            known.epoch = self._epoch
            return known
        self._drop(path)
        if identity is None:
            return None
        entry = self._read(asked, file, identity)
        if entry is not None:
            self._keep(path, entry)
        return entry

    def read_text(self, path: str) -> bytes | None:
        """Return a file's bytes without keeping them, None where there is none.

        Raises:
            OSError: the disk refuses.
        """
        try:
            return Path(f"{self.root}/{path}").read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def look(self) -> None:
        """Notice that the tree may have changed."""
        self._looks += 1
        signature = self._sign()
        if signature != self._signature or self._looks % _LOOKS_TO_DOUBT == 0:
            self._signature = signature
            self._epoch += 1

    def changed(self) -> None:
        """Look at every file anew: the tree has changed for certain."""
        self._epoch += 1

    def _sign(self) -> tuple[_Identity | None, ...]:
        return tuple(_identity(f"{self.root}/{name}") for name in (MARKER, WITHDRAWN))

    def _read(self, asked: Asked, file: str, identity: _Identity) -> ServedEntry | None:
        entry = ServedEntry(asked, file, identity)
        entry.epoch = self._epoch
        if entry.size > SMALL_BYTES:
            _, changed_ns, size = identity
            etag = f'"{changed_ns:x}-{size:x}"'
            entry.plain = Variant(b"", etag, self._headers(asked, etag))
            return entry
        try:
            body = Path(file).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        entry.is_small, entry.size = True, len(body)
        etag = tag_of(body)
        varies = asked.is_text and len(body) >= _WORTH_COMPRESSING_BYTES
        headers = self._headers(asked, etag, varies=varies)
        entry.plain, entry.varies = Variant(body, etag, headers), varies
        return entry

    def _headers(self, asked: Asked, etag: str, *, varies: bool = False) -> Headers:
        headers = [
            ("content-type", content_type(asked.path, asked.request)),
            ("cache-control", self._caching(asked)),
            ("etag", etag),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
        ]
        if keys := surrogate_keys(asked):
            headers.append(("surrogate-key", keys))
        if varies:
            headers.append(("vary", "Accept-Encoding"))
        return headers

    def _caching(self, asked: Asked) -> str:
        text = cache_control(asked.request, self._days)
        return text if self._for_all else text.replace("public", "private", 1)

    # Memory.

    def _keep(self, path: str, entry: ServedEntry) -> None:
        self._entries[path] = entry
        self._bytes += entry.cost
        if self._bytes > self._limit:
            self._make_room()

    def _make_room(self) -> None:
        """Drop what was not asked for since the last time, the oldest first."""
        for path in list(self._entries):
            if self._bytes <= self._limit * 3 // 4:
                return
            entry = self._entries[path]
            if entry.used:
                entry.used = False
                self._entries[path] = self._entries.pop(path)
            else:
                self._drop(path)
        for path in list(self._entries)[: len(self._entries) // 2]:
            if self._bytes > self._limit * 3 // 4:
                self._drop(path)

    def _drop(self, path: str) -> None:
        entry = self._entries.pop(path, None)
        if entry is not None:
            self._bytes -= entry.cost


def tag_of(body: bytes) -> str:
    """Return the entity tag of some bytes."""
    digest = urlsafe_b64encode(sha256(body).digest()).decode()
    return f'"sha256-{digest[:_TAG_CHARACTERS]}"'


def _identity(file: str) -> _Identity | None:
    """Return what changes when a file does, None where no file is.

    Raises:
        OSError: the disk refuses.
    """
    try:
        found = os.stat(file)  # noqa: PTH116 - a Path costs as much as the call
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        if exc.errno == ENAMETOOLONG:
            return None
        raise
    if not S_ISREG(found.st_mode):
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _compressed(coding: str, body: bytes) -> bytes | None:
    """Return what is sent of a coding; each takes about as long as gzip does."""
    if coding == "gzip":
        return zlib.compress(body, level=6, wbits=31)
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=9).compress(body)
    try:
        import brotli  # noqa: PLC0415 - it came to the extra later than the server
    except ImportError:
        return None
    packed: bytes = brotli.compress(body, quality=5)
    return packed


def _beside(file: str, suffix: str, plain: _Identity) -> bytes | None:
    """Return a compressed file that lies beside a plain one and is no older."""
    found = _identity(f"{file}{suffix}")
    if found is None or found[1] < plain[1] or found[2] > SMALL_BYTES:
        return None
    try:
        return Path(f"{file}{suffix}").read_bytes()
    except FileNotFoundError:
        return None
