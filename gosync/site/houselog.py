"""House log: the site's own checksum database, kept as documents of the store.

::

    houselog/NAME/records/NNN    the texts of 256 records (a data tile)
    houselog/NAME/public/NNN     for each of these, one a line, the number of its record
                                 in the public database, or "-" for a private version
    houselog/NAME/latest         the newest signed tree head

They are kept as blobs, told to the journal, shown in the tree, carried by bundles: a
head and the records that it covers are one transaction, so no kill parts them. All
else (tiles, lookups) is made of them.

A log must never be signed twice at one size. So a head is signed only under the lease,
and only if it extends every head that anybody may know of: the store's, the tree's,
those that the configuration names as witnesses, and the newest one that was let out,
which is noted beside the configuration, where restoring a store does not reach. A
store that is behind its tree takes up the tree's records; one that is behind anything
else signs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from gosync.artifact import DOCUMENT, Artifact
from gosync.catalog.db import Catalog
from gosync.errors import (
    ForkError,
    MalformedError,
    RollbackError,
    SecurityError,
    StoreError,
    UsageError,
)
from gosync.folder.routes import ARTIFACT_FOLDERS, sumdb_folder
from gosync.publish.tree import TreeReader
from gosync.site.artifacts import change_artifacts
from gosync.site.options import HouseLogSpec
from gosync.site.site import Site
from gosync.site.treestorage import read_tree
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors, replace_file
from gosync.sumdb.growing import GrowingLog, parse_data_tile
from gosync.sumdb.note import (
    Ed25519Signer,
    parse_signer_key,
    parse_verifier_key,
    sign_note,
)
from gosync.sumdb.tile import FULL_TILE_WIDTH
from gosync.sumdb.tlog import format_tree
from gosync.sumdb.treehead import SignedHead, open_head

FOLDER: Final = "houselog/"
_MAX_KEY_BYTES: Final = 4096
_PRIVATE: Final = "-"


class HouseRecord(msgspec.Struct, frozen=True):
    """A record.

    Attributes:
        text: Its go.sum lines.
        public: The number of the public database's record of it, None for none.
    """

    text: bytes
    public: int | None = None

    @property
    def version(self) -> str:
        """What it is a record of: ``path version``."""
        path, _, rest = self.text.decode("utf-8", "replace").partition(" ")
        return f"{path} {rest.partition(' ')[0].partition('/')[0]}"


class HouseLog:
    """The records of a log and the newest head.

    Attributes:
        log: The records' texts and tree.
        public: The numbers of public records, by the log's own.
        head: The newest signed head, None before the first one.
        ids: The newest record of each version, by ``path version``.
    """

    def __init__(self, records: Sequence[HouseRecord], head: SignedHead | None) -> None:
        self.log = GrowingLog(each.text for each in records)
        self.public = [each.public for each in records]
        self.ids = {each.version: number for number, each in enumerate(records)}
        self.head = head

    @property
    def size(self) -> int:
        """How many records it has."""
        return self.log.size

    def append(self, records: Sequence[HouseRecord]) -> None:
        """Append records, unsigned."""
        first = self.size
        self.log.append([each.text for each in records])
        self.public += [each.public for each in records]
        for number, each in enumerate(records, first):
            self.ids[each.version] = number


def read_house_log(catalog: Catalog, blobs: BlobReader, spec: HouseLogSpec) -> HouseLog:
    """Return the log as the store has it, held against its head.

    Raises:
        SecurityError: the records are not those of the head, or nobody we know signed.
        StoreError: the store cannot be read.
    """

    def read(name: str) -> bytes | None:
        kept = catalog.artifacts.get(DOCUMENT, f"{FOLDER}{spec.name}/{name}")
        if kept is None:
            return None
        return blobs.read(Digest(kept.digest), limit_bytes=kept.size_bytes)

    return read_log(read, spec, "the store")


def read_trees_log(reader: TreeReader, spec: HouseLogSpec, name: str) -> HouseLog:
    """Return the log as a tree has it; errors as ``read_house_log``."""
    documents = f"{ARTIFACT_FOLDERS[DOCUMENT]}/{FOLDER}{spec.name}"
    return read_log(lambda each: reader.read(f"{documents}/{each}"), spec, name)


def read_log(
    read: Callable[[str], bytes | None], spec: HouseLogSpec, where: str
) -> HouseLog:
    """Return a log whose files somebody reads by their names.

    Args:
        read: Returns a file, None where there is none.
        spec: The log's key and name.
        where: What messages call the place.

    Raises:
        SecurityError: the records are not those of the head, or nobody we know signed.
        StoreError: some are missing.
    """
    note = read("latest")
    if note is None:
        return HouseLog((), None)
    head = open_head(note, parse_verifier_key(spec.verifier))
    records = list(_records(read, head.tree.n, where))
    found = HouseLog(records, head)
    if found.log.tree() != head.tree:
        raise SecurityError(
            f"{where}: the records of {spec.name} are not those of its tree head"
        )
    return found


def _records(
    read: Callable[[str], bytes | None], size: int, where: str
) -> Iterator[HouseRecord]:
    for number in range(0, size, FULL_TILE_WIDTH):
        name = _number(number // FULL_TILE_WIDTH)
        data, public = read(f"records/{name}"), read(f"public/{name}")
        if data is None or public is None:
            raise StoreError(f"{where}: lacks the records from {number} on")
        texts, numbers = parse_data_tile(data), public.decode("ascii").splitlines()
        if len(texts) != min(FULL_TILE_WIDTH, size - number) or len(numbers) != len(
            texts
        ):
            raise MalformedError("records", f"{where}, {name}", "another count of them")
        for text, each in zip(texts, numbers, strict=True):
            yield HouseRecord(text, None if each == _PRIVATE else int(each))


def check_extends(log: HouseLog, head: SignedHead, where: str) -> None:
    """Check that a log extends a head that somebody knows.

    Raises:
        RollbackError: the log is behind it.
        ForkError: the log has other records.
    """
    if head.tree.n > log.size:
        raise RollbackError(
            f"{where} has a tree head of {head.tree.n} records, the store one of"
            f" {log.size}: nothing is signed, since that could be a fork",
            hint="bring the newest store back, or name a tree that has these records"
            " in house_log.witnesses",
        )
    if log.log.tree(head.tree.n) != head.tree:
        raise ForkError(
            f"{where} has another tree head of {head.tree.n} records",
            old_note=log.head.note if log.head is not None else b"",
            new_note=head.note,
            proof=(),
        )


def known_heads(tree: Path, spec: HouseLogSpec) -> list[tuple[str, SignedHead]]:
    """Return every head that somebody may know of, and where it is.

    Args:
        tree: The published tree.
        spec: The log's key, and its witnesses.

    Raises:
        SignatureError: nobody we know signed one.
        StoreError: a tree or a witness cannot be read.
    """
    verifier = parse_verifier_key(spec.verifier)
    notes: dict[str, bytes | None] = {}
    for folder in (tree, *spec.witnesses):
        if folder.is_dir():
            reader = read_tree(str(folder))
            notes[str(folder)] = reader.read(f"{sumdb_folder(spec.name)}/latest")
        elif folder != tree:
            notes[str(folder)] = _read_file(folder, must_be=True)
    if spec.noted is not None:
        notes[str(spec.noted)] = _read_file(spec.noted, must_be=False)
    return [(name, open_head(note, verifier)) for name, note in notes.items() if note]


def extended(tree: Path, spec: HouseLogSpec, log: HouseLog) -> HouseLog:
    """Return a log that extends every head that is known, taken up from a tree or not.

    Raises:
        SecurityError: there is none.
        StoreError: a tree or a witness cannot be read.
    """
    heads = known_heads(tree, spec)
    for name, head in heads:
        if head.tree.n > log.size and Path(name).is_dir():
            found = read_trees_log(read_tree(name), spec, name)
            if log.head is not None:
                check_extends(found, log.head, "the store")
            log = found
    for name, head in heads:
        check_extends(log, head, name)
    return log


def _read_file(file: Path, *, must_be: bool) -> bytes | None:
    with disk_errors(file):
        try:
            return file.read_bytes()
        except FileNotFoundError:
            if must_be:
                raise
            return None


def read_signer(spec: HouseLogSpec) -> Ed25519Signer:
    """Return the key that signs.

    Raises:
        UsageError: it cannot be read, or is not the verifier's.
    """
    assert spec.key is not None
    try:
        signer = parse_signer_key(
            spec.key.read_bytes()[:_MAX_KEY_BYTES].decode().strip()
        )
    except (OSError, UnicodeDecodeError, MalformedError) as exc:
        text = exc.strerror if isinstance(exc, OSError) else "no signer key"
        raise UsageError(f"{spec.key}: {text}") from exc
    verifier = parse_verifier_key(spec.verifier)
    if (signer.name, signer.key_hash) != (verifier.name, verifier.key_hash):
        raise UsageError(f"{spec.key}: not the key of house_log.verifier")
    return signer


def sign_and_keep(
    site: Site, spec: HouseLogSpec, log: HouseLog, signer: Ed25519Signer, since: int
) -> HouseLog:
    """Sign the head of a log that grew, and keep it; the lease is held.

    Args:
        site: The store.
        spec: The log's key and name.
        log: The log, with its new records.
        signer: Signs.
        since: How many records the store has already.

    Raises:
        StoreError: the store cannot be written.
    """
    note = sign_note(format_tree(log.log.tree()), [signer])
    log.head = open_head(note, parse_verifier_key(spec.verifier))
    keep_house_log(site, spec, log, since)
    return log


def keep_house_log(site: Site, spec: HouseLogSpec, log: HouseLog, since: int) -> None:
    """Keep a log's records from one on, and its head: all at once, or nothing."""
    assert log.head is not None
    files = {"latest": log.head.note}
    begin = since - since % FULL_TILE_WIDTH
    for start in range(begin, log.size, FULL_TILE_WIDTH):
        count = min(FULL_TILE_WIDTH, log.size - start)
        name = _number(start // FULL_TILE_WIDTH)
        files[f"records/{name}"] = log.log.data(start, count)
        numbers = log.public[start : start + count]
        lines = (_PRIVATE if each is None else str(each) for each in numbers)
        files[f"public/{name}"] = "".join(f"{each}\n" for each in lines).encode()
    kept = []
    for name, data in files.items():
        digest = Digest(hashlib.sha256(data).hexdigest())
        site.holder.announce([digest])
        site.blobs.put_bytes(data)
        artifact = Artifact(
            kind=DOCUMENT,
            name=f"{FOLDER}{spec.name}/{name}",
            digest=digest,
            size_bytes=len(data),
        )
        kept.append(artifact)
    site.blobs.sync()
    change_artifacts(site, kept)


def note_head(spec: HouseLogSpec, head: SignedHead | None) -> None:
    """Note a head beside the configuration before anybody outside may see it.

    Raises:
        StoreError: it cannot be written.
    """
    if spec.noted is None or head is None:
        return
    with disk_errors(spec.noted):
        if spec.noted.is_file() and spec.noted.read_bytes() == head.note:
            return
    replace_file(spec.noted, head.note, staging=spec.noted.parent)


def _number(number: int) -> str:
    return f"{number:06d}"
