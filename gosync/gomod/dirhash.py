r"""The ``h1:`` hash of a module, and the one pass over a zip that does it all.

``h1:`` is the base64 of the SHA-256 of a summary, which has one line for each
file, ordered by the bytes of its name::

    <SHA-256 of the contents, hex>  <name>\n

A zip's names are full ones, ``path@version/`` included, and its folder entries
count as empty files. An entry that occurs more than once has a line each time,
all with the contents of the last. A name with a newline has no hash. The hash
of a go.mod is that of the single name ``go.mod``.

Neither the order of entries nor how they are compressed matters; two zips of
different bytes can have the same ``h1:``.

Stricter than Go, against zips made to keep a reader busy: the contents have at
most 500 MiB together even if they are only hashed, and entries do not share
their data, so that compressed they are not larger than the file.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.contentsink import ContentSink
from gosync.gomod.goimports import HeadReader, read_imports
from gosync.gomod.module import ModuleVersion
from gosync.gomod.packages import PackageReader, pack
from gosync.gomod.seen import GoHead, Seen, SeenEntries
from gosync.gomod.synopsis import read_synopsis
from gosync.gomod.window import Window
from gosync.gomod.zipcheck import (
    MAX_GO_MOD_BYTES,
    MAX_ZIP_BYTES,
    CheckedZip,
    check_zip_size,
    inspect_entries,
)
from gosync.gomod.zipdir import DEFLATE, ZipEntry, read_directory
from gosync.gomod.zipread import (
    check_end,
    inflate_small,
    read_contents,
    read_data,
    small_data,
)
from gosync.pattern import compile_on_use

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt


TAPPED_BYTES = 4 << 20
_H1 = compile_on_use(r"h1:[A-Za-z0-9+/]{43}=")


class FileDigest(NamedTuple):
    """One entry of a zip.

    Attributes:
        name: Its full name, bytes as stored.
        digest: The SHA-256 of its contents, hex.
        size_bytes: Their size.
    """

    name: bytes
    digest: str
    size_bytes: int


class ZipScan(msgspec.Struct, frozen=True):
    """What one pass over a zip found.

    Attributes:
        h1: The hash of the zip.
        go_mod: The go.mod at the module's root, or None.
        files: How many files it has; folders do not count.
        uncompressed_bytes: What its contents have together.
        checked: Which entries obey the rules; the hash covers all.
        packages: Its packages and what they import, packed; None if nobody asked,
            or if they are too many.
        kept: The contents of entries that were asked for, by their full names.
    """

    h1: str
    go_mod: bytes | None
    files: int
    uncompressed_bytes: int
    checked: CheckedZip
    packages: bytes | None = None
    kept: Mapping[bytes, bytes] = msgspec.field(default_factory=dict)


def hash1(digests: Iterable[tuple[bytes, str]]) -> str:
    """Return the ``h1:`` of names, each with the hex SHA-256 of its contents.

    Raises:
        MalformedError: A name has a newline.
    """
    lines = []
    for name, digest in sorted(digests):
        if b"\n" in name:
            shown = name.decode("utf-8", "backslashreplace")
            raise MalformedError("file name", shown, "a newline cannot be hashed")
        lines.append(b"%b  %b\n" % (digest.encode(), name))
    summary = hashlib.sha256(b"".join(lines)).digest()
    return "h1:" + b64encode(summary).decode()


def is_h1(text: str) -> bool:
    """Return whether the text has the form of an ``h1:``."""
    return _H1.fullmatch(text) is not None


def hash_go_mod(data: bytes) -> str:
    """Return the ``h1:`` of a go.mod, as in ``path version/go.mod`` lines."""
    return hash1([(b"go.mod", hashlib.sha256(data).hexdigest())])


def hash_zip(
    read_at: ReadAt, size_bytes: int, *, seen: SeenEntries | None = None
) -> str:
    """Return the ``h1:`` of a zip, whatever rules of modules it breaks.

    Args:
        read_at: Reads the zip.
        size_bytes: Its size.
        seen: What entries of other zips contain; it is asked and told.

    Raises:
        MalformedError: Not a zip, damaged, or a name has a newline.
        TooLargeError: The contents together are too large.
        RejectedError: Too many entries.
    """
    window = Window(read_at, size_bytes)
    entries = read_directory(window, size_bytes)
    check_work(entries, size_bytes)
    return _Pass(window, entries, seen=seen).h1


def digest_files(
    read_at: ReadAt,
    size_bytes: int,
    *,
    seen: SeenEntries | None = None,
    tap: Callable[[str, bytes], object] | None = None,
) -> list[FileDigest]:
    """Return what ``hash_zip`` hashes: every entry, in the order of the directory.

    Of a name that occurs more than once every entry has the contents of the last.

    Args:
        read_at: Reads the zip.
        size_bytes: Its size.
        seen: What entries of other zips contain; it is asked and told.
        tap: Is handed contents that were read, after their digest: small ones, and
            without ``seen`` those of up to TAPPED_BYTES.

    Raises:
        MalformedError: Not a zip, or damaged.
        TooLargeError: The contents together are too large.
        RejectedError: Too many entries.
    """
    window = Window(read_at, size_bytes)
    entries = read_directory(window, size_bytes)
    check_work(entries, size_bytes)
    digests = _Pass(window, entries, seen=seen, tap=tap).digests
    last = {entry.name: entry.size_bytes for entry in entries}
    return [
        FileDigest(entry.name, digests[entry.name], last[entry.name])
        for entry in entries
    ]


def scan_zip(
    read_at: ReadAt,
    size_bytes: int,
    mv: ModuleVersion,
    *,
    seen: SeenEntries | None = None,
    with_packages: bool = False,
    keep: Callable[[ModuleVersion, list[ZipEntry]], dict[bytes, int]] | None = None,
    sink: ContentSink | None = None,
) -> ZipScan:
    """Check and hash a module zip, reading every entry once.

    The memory used does not depend on the size of the zip or of its entries,
    only on their number. Entries that break a rule are reported, not raised, so
    that there is a hash to show; ``scan.checked.require_ok`` raises.

    Args:
        read_at: Reads the zip.
        size_bytes: Its size.
        mv: The module version that it should be of.
        seen: What entries of other zips contain; it is asked and told.
        with_packages: Whether to read what its packages import.
        keep: Names the entries whose contents the scan shall have, each with the
            most bytes that it may have.
        sink: Takes the contents of entries that are neither kept nor known.

    Raises:
        MalformedError: The module version; or not a zip, damaged, or a name has
            a newline.
        TooLargeError: The file, or its contents together.
        RejectedError: Too many entries.
    """
    check_zip_size(size_bytes, mv)
    window = Window(read_at, size_bytes)
    entries = read_directory(window, size_bytes)
    check_work(entries, size_bytes)
    checked = inspect_entries(entries, mv)
    reader = PackageReader(f"{mv}/".encode()) if with_packages else None
    go_mod = f"{mv}/go.mod".encode()
    limits = {**(keep(mv, entries) if keep else {}), go_mod: MAX_GO_MOD_BYTES}
    whole = _Pass(window, entries, keep=limits, seen=seen, reader=reader, sink=sink)
    return ZipScan(
        h1=whole.h1,
        go_mod=whole.kept.pop(go_mod, None),
        files=sum(not entry.is_folder for entry in entries),
        uncompressed_bytes=sum(entry.size_bytes for entry in entries),
        checked=checked,
        packages=None if reader is None else _packed(reader),
        kept=whole.kept,
    )


class _Pass:
    """One pass over the entries: their hash, and the contents of some of them."""

    def __init__(
        self,
        window: Window,
        entries: list[ZipEntry],
        *,
        keep: Mapping[bytes, int] | None = None,
        seen: SeenEntries | None,
        tap: Callable[[str, bytes], object] | None = None,
        reader: PackageReader | None = None,
        sink: ContentSink | None = None,
    ) -> None:
        last = {entry.name: entry for entry in entries}
        self.kept: dict[bytes, bytes] = {}
        self._window = window
        self._keep = keep or {}
        self._seen = seen
        self._tap = tap
        self._reader = reader
        self._sink = sink
        self.digests = {
            entry.name: self._digest(entry)
            for entry in sorted(last.values(), key=attrgetter("header_offset"))
        }
        self._names = [entry.name for entry in entries]

    @property
    def h1(self) -> str:
        """The hash of all entries."""
        return hash1((name, self.digests[name]) for name in self._names)

    def _digest(self, entry: ZipEntry) -> str:
        if entry.size_bytes <= self._keep.get(entry.name, -1):
            kept = b"".join(read_contents(self._window, entry))
            self.kept[entry.name] = kept
            return hashlib.sha256(kept).hexdigest()
        reads = self._reader is not None and self._reader.wants(entry.name)
        data = small_data(self._window, entry)
        digest = None if data is None else self._digest_small(entry, data, reads=reads)
        if digest is not None:
            return digest
        if self._seen is not None and entry.method == DEFLATE and not entry.is_folder:
            return self._digest_large(entry, self._seen, reads=reads)
        return self._digest_any(entry, reads=reads)

    def _digest_any(self, entry: ZipEntry, *, reads: bool) -> str:
        chunks = self._read_by(entry, read_contents(self._window, entry), reads=reads)
        if self._tap is None or entry.size_bytes > TAPPED_BYTES:
            return self._sunk(entry, chunks)
        contents = b"".join(chunks)
        digest = hashlib.sha256(contents).hexdigest()
        self._tap(digest, contents)
        return digest

    def _digest_small(
        self, entry: ZipEntry, data: memoryview, *, reads: bool
    ) -> str | None:
        """Return the digest of an entry that is as it should be, else None."""
        seen, packed = self._seen, None
        if seen is not None:
            known = seen.get(entry)
            if known is not None or seen.may_hash(entry):
                packed = hashlib.sha256(data).digest()
            if known is not None and known.packed == packed:
                if not reads:
                    return known.digest
                if known.head is not None:
                    self._take(entry, known.head)
                    return known.digest
        contents = inflate_small(entry, data)
        if contents is None:
            return None
        digest = hashlib.sha256(contents).hexdigest()
        head = (
            GoHead(read_imports(contents), read_synopsis(contents)) if reads else None
        )
        if head is not None:
            self._take(entry, head)
        if seen is not None:
            seen.put(entry, packed, digest, head)
        self._hand_on(entry, contents, digest)
        return digest

    def _hand_on(self, entry: ZipEntry, contents: bytes, digest: str) -> None:
        if self._tap is not None:
            self._tap(digest, contents)
        if self._sink is not None:
            self._sink.take(entry, contents, digest)

    def _digest_large(self, entry: ZipEntry, seen: SeenEntries, *, reads: bool) -> str:
        """Return the digest of an entry whose data may not fit the window."""
        known = None if reads else seen.get(entry)
        if known is not None and self._is_again(entry, known):
            return known.digest
        hashes = known is not None or seen.may_hash(entry)
        packed = hashlib.sha256() if hashes else None
        tap = packed.update if packed else None
        contents = read_contents(self._window, entry, tap=tap)
        digest = self._sunk(entry, self._read_by(entry, contents, reads=reads))
        if entry.crc:  # 0 may stand for one that was not compared
            seen.put(entry, packed.digest() if packed else None, digest)
        return digest

    def _sunk(self, entry: ZipEntry, chunks: Iterable[memoryview | bytes]) -> str:
        """Return the digest of chunks, which the sink sees as well."""
        if self._sink is None:
            return _sha256(chunks).hexdigest()
        digest = _sha256(self._sink.pass_on(entry, chunks)).hexdigest()
        self._sink.end(entry, digest)
        return digest

    def _read_by(
        self, entry: ZipEntry, chunks: Iterator[memoryview | bytes], *, reads: bool
    ) -> Iterator[memoryview | bytes]:
        """Hand chunks on, and take what a Go file imports when they are through."""
        if not reads:
            yield from chunks
            return
        head = HeadReader()
        for chunk in chunks:
            head.add(chunk)
            yield chunk
        self._take(entry, GoHead(head.imports(), head.synopsis))

    def _take(self, entry: ZipEntry, head: GoHead) -> None:
        if self._reader is not None:
            self._reader.take(entry.name, head.imports, head.synopsis)

    def _is_again(self, entry: ZipEntry, known: Seen) -> bool:
        """Return whether an entry is the known one, and right at its end as well."""
        if known.packed is None:
            return False
        data = read_data(self._window, entry)
        if known.packed != _sha256(data).digest():
            return False
        check_end(self._window, entry)
        return True


def _packed(reader: PackageReader) -> bytes | None:
    """Return the packages that were read; without them the module is sound as well."""
    try:
        return pack(reader.packages())
    except TooLargeError:
        return None


def _sha256(chunks: Iterable[memoryview | bytes]) -> hashlib._Hash:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest


def check_work(entries: list[ZipEntry], size_bytes: int) -> None:
    """Bound what reading the entries can cost, before it begins.

    Raises:
        TooLargeError: Their contents together are too large.
        MalformedError: They share data.
    """
    if sum(entry.size_bytes for entry in entries) > MAX_ZIP_BYTES:
        raise TooLargeError("zip contents", limit_bytes=MAX_ZIP_BYTES)
    if sum(entry.compressed_bytes for entry in entries) > size_bytes:
        raise MalformedError("zip", f"{len(entries)} entries", "they share data")
