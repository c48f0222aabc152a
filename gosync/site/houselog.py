"""House log: the site's own checksum database, kept as documents of the store.

::

    houselog/NAME/records/NNN    the texts of 256 records (a data tile)
    houselog/NAME/public/NNN     for each of these, one a line, the number of its record
                                 in the public database, or "-" for a private version
    houselog/NAME/latest         the newest signed tree head

They are kept as blobs, told to the journal, shown in the tree, carried by bundles: a
head and the records that it covers are one transaction, so no kill parts them. All
else (tiles, lookups) is made of them. Who holds versions against their records reads
all of them (``HouseLog``); who adds to a log, or holds it against a head, reads its end
(``housetip``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from gosync.artifact import DOCUMENT, Artifact
from gosync.catalog.db import Catalog
from gosync.errors import MalformedError, SecurityError, StoreError
from gosync.folder.routes import ARTIFACT_FOLDERS
from gosync.publish.storage.tree import TreeReader
from gosync.site.artifacts import change_artifacts
from gosync.site.options import HouseLogSpec
from gosync.site.site import Site
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.sumdb.growing import GrowingLog, parse_data_tile
from gosync.sumdb.note import parse_verifier_key
from gosync.sumdb.tile import FULL_TILE_WIDTH
from gosync.sumdb.tlog import Tree
from gosync.sumdb.treehead import SignedHead, open_head

FOLDER: Final = "houselog/"
_LATEST: Final = "latest"
_PRIVATE: Final = "-"

# Returns a file of a log by its name, None where there is none.
ReadFile: TypeAlias = Callable[[str], bytes | None]


class HouseRecord(msgspec.Struct, frozen=True):
    """A record.

    Attributes:
        text: Its go.sum lines.
        public: The number of the public database's record of it, None for none.
    """

    text: bytes
    public: int | None = None

    @property
    def version(self) -> tuple[str, str]:
        """What it is a record of: path and version."""
        path, _, rest = self.text.decode("utf-8", "replace").partition(" ")
        return path, rest.partition(" ")[0].partition("/")[0]


class RecordFiles:
    """The records in a log's files, each file read once, when it is asked for."""

    def __init__(self, read: ReadFile, size: int, where: str) -> None:
        """Take the files.

        Args:
            read: Returns one.
            size: How many records there are.
            where: What messages call the place.
        """
        self.size = size
        self._read = read
        self._where = where
        self._files: dict[int, list[HouseRecord]] = {}

    def get(self, number: int) -> HouseRecord:
        """Return a record.

        Raises:
            MalformedError: Its file is none of records.
            StoreError: Its file is not there.
        """
        at, inside = divmod(number, FULL_TILE_WIDTH)
        if at not in self._files:
            self._files[at] = self._parse(at)
        return self._files[at][inside]

    def since(self, number: int) -> Iterator[HouseRecord]:
        """Yield the records from a number on; errors as ``get``."""
        return map(self.get, range(number, self.size))

    def _parse(self, at: int) -> list[HouseRecord]:
        name, first = f"{at:06d}", at * FULL_TILE_WIDTH
        data, public = self._read(f"records/{name}"), self._read(f"public/{name}")
        if data is None or public is None:
            raise StoreError(f"{self._where}: lacks the records from {first} on")
        texts, numbers = parse_data_tile(data), public.decode("ascii").splitlines()
        if not len(texts) == len(numbers) == min(FULL_TILE_WIDTH, self.size - first):
            where = f"{self._where}, {name}"
            raise MalformedError("records", where, "another count of them")
        return [
            HouseRecord(text, None if each == _PRIVATE else int(each))
            for text, each in zip(texts, numbers, strict=True)
        ]


class HouseLog:
    """A log as some place has it, read whole and held against its head.

    Attributes:
        records: The records.
        head: The newest signed head, None before the first one.
        ids: The newest record of each version, by path and version.
    """

    def __init__(self, records: Sequence[HouseRecord], head: SignedHead | None) -> None:
        self.records = records
        self.head = head
        self.ids = {each.version: number for number, each in enumerate(records)}
        self._log = GrowingLog(each.text for each in records)

    @property
    def size(self) -> int:
        """How many records it has."""
        return len(self.records)

    def tree(self, size: int) -> Tree:
        """Return the tree of its first records."""
        return self._log.tree(size)


def read_house_log(catalog: Catalog, blobs: BlobReader, spec: HouseLogSpec) -> HouseLog:
    """Return the log as the store has it, held against its head.

    Raises:
        SecurityError: the records are not those of the head, or nobody we know signed.
        StoreError: the store cannot be read.
    """
    return read_log(stored_files(catalog, blobs, spec), spec, "the store")


def read_trees_log(reader: TreeReader, spec: HouseLogSpec, name: str) -> HouseLog:
    """Return the log as a tree has it; errors as ``read_house_log``."""
    return read_log(trees_files(reader, spec), spec, name)


def read_log(read: ReadFile, spec: HouseLogSpec, where: str) -> HouseLog:
    """Return a log whose files somebody reads by their names.

    Args:
        read: Returns a file.
        spec: The log's key and name.
        where: What messages call the place.

    Raises:
        SecurityError: the records are not those of the head, or nobody we know signed.
        StoreError: some are missing.
    """
    head = read_head(read, spec)
    if head is None:
        return HouseLog((), None)
    found = HouseLog(list(RecordFiles(read, head.tree.n, where).since(0)), head)
    if found.tree(found.size) != head.tree:
        raise not_of_its_head(spec, where)
    return found


def read_head(read: ReadFile, spec: HouseLogSpec) -> SignedHead | None:
    """Return a log's newest signed head, None before the first one.

    Raises:
        SecurityError: nobody we know signed it.
        StoreError: it cannot be read.
    """
    note = read(_LATEST)
    return None if note is None else open_head(note, parse_verifier_key(spec.verifier))


def not_of_its_head(spec: HouseLogSpec, where: str) -> SecurityError:
    """Return what is said of a log whose records do not make its head."""
    return SecurityError(
        f"{where}: the records of {spec.name} are not those of its tree head"
    )


def stored_files(catalog: Catalog, blobs: BlobReader, spec: HouseLogSpec) -> ReadFile:
    """Return what reads the files of a store's log."""

    def read(name: str) -> bytes | None:
        kept = catalog.artifacts.get(DOCUMENT, f"{FOLDER}{spec.name}/{name}")
        if kept is None:
            return None
        return blobs.read(Digest(kept.digest), limit_bytes=kept.size_bytes)

    return read


def trees_files(reader: TreeReader, spec: HouseLogSpec) -> ReadFile:
    """Return what reads the files of a tree's log."""
    return lambda name: reader.read(trees_file(spec, name))


def trees_file(spec: HouseLogSpec, name: str) -> str:
    """Return where a tree has a file of a log."""
    return f"{ARTIFACT_FOLDERS[DOCUMENT]}/{FOLDER}{spec.name}/{name}"


def keep_records(
    site: Site,
    spec: HouseLogSpec,
    head: SignedHead,
    first: int,
    records: Sequence[HouseRecord],
) -> None:
    """Keep a head and the records of its last files: all at once, or nothing.

    Args:
        site: The store; the lease is held.
        spec: The log's name.
        head: The head.
        first: The number of the first of the records, which begins a file.
        records: Every record from there on.

    Raises:
        StoreError: the store cannot be written.
    """
    files = log_files(head, first, records)
    kept = [_keep(site, f"{FOLDER}{spec.name}/{e}", data) for e, data in files.items()]
    site.blobs.sync()
    change_artifacts(site, kept)


def log_files(
    head: SignedHead, first: int, records: Sequence[HouseRecord]
) -> dict[str, bytes]:
    """Return the last files of a log by their names, its head last.

    Args:
        head: The head.
        first: The number of the first of the records, which begins a file.
        records: Every record from there on.
    """
    assert first % FULL_TILE_WIDTH == 0
    assert first + len(records) == head.tree.n
    files: dict[str, bytes] = {}
    for start in range(0, len(records), FULL_TILE_WIDTH):
        name = f"{(first + start) // FULL_TILE_WIDTH:06d}"
        some = records[start : start + FULL_TILE_WIDTH]
        numbers = (_PRIVATE if e.public is None else str(e.public) for e in some)
        files[f"records/{name}"] = b"".join(each.text + b"\n" for each in some)
        files[f"public/{name}"] = "".join(f"{each}\n" for each in numbers).encode()
    return {**files, _LATEST: head.note}


def _keep(site: Site, name: str, data: bytes) -> Artifact:
    digest = Digest(hashlib.sha256(data).hexdigest())
    site.holder.announce([digest])
    site.blobs.put_bytes(data)
    return Artifact(kind=DOCUMENT, name=name, digest=digest, size_bytes=len(data))
