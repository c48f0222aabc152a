"""Verification of a bundle: every byte is read and held against what it says.

Files against the header, the header's counts against the manifest, each record
against the two h1, each recipe against its h1, all contents against their digests.
A verbatim zip is written to a scratch file and hashed. So nothing of what a
bundle would make of a receiver's store is taken on trust.

A patch needs its base; where that is not at hand its frames are only known to be
the ones that were packed. Whether tiles lead to the head is ``logproof``'s; whether
the head is the log's takes the log's key and is for who has it.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple

import msgspec

from gosync.bundle.format.blocks import Form
from gosync.bundle.format.manifest import Manifest, VersionEntry
from gosync.bundle.read.bases import Bases, NoBases
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.reader import entries_by_segment, open_segment
from gosync.bundle.read.segments import OpenGroup, SegmentReading, check_h1
from gosync.bundle.read.spool import hash_proven, proven_pieces
from gosync.catalog.versions import Need, Proof
from gosync.errors import BundleGapError, ChecksumMismatchError, MalformedError
from gosync.gomod.dirhash import hash_zip
from gosync.store.durable import disk_errors
from gosync.store.scratch import ScratchFiles
from gosync.store.staging import read_at
from gosync.sumdb.record import parse_record_lines
from gosync.work.lookahead import in_order
from gosync.work.processes import Hands
from gosync.work.progress import NoProgress, Progress

WORKERS = 2
_AHEAD = 8
_AUTHORITY = "its record in the bundle"


class Proven(msgspec.Struct, frozen=True):
    """Counts of what was read and found to be right.

    Attributes:
        versions: Versions whose zip, or ``.mod`` if that is all, is proven.
        files: Distinct contents that were hashed.
        file_bytes: Their sizes together.
        tiles: Tiles.
        patches: Versions that are patches against what is not at hand: unproven.
        artifacts: Artifacts that travel, also those of kinds that are not known here.
    """

    versions: int = 0
    files: int = 0
    file_bytes: int = 0
    tiles: int = 0
    patches: int = 0
    artifacts: int = 0

    def __add__(self, other: Proven) -> Proven:
        """Return both counts together."""
        names = self.__struct_fields__
        return Proven(*(getattr(self, n) + getattr(other, n) for n in names))


def prove_bundle(
    folder: BundleFolder,
    *,
    scratch: ScratchFiles,
    bases: Bases | None = None,
    progress: Progress | None = None,
) -> Proven:
    """Prove a bundle; see the module.

    Args:
        folder: The bundle; its signatures are somebody else's to check.
        scratch: Opens files for verbatim zips, one at a time and thread.
        bases: Where versions are that patches are against, None for nowhere.
        progress: Is told how far it is.

    Raises:
        VolumeError: a file is missing, unreadable, or not what the header binds.
        MalformedError: something is not what header, manifest or a recipe says.
        ChecksumMismatchError: an h1 is not the one it must be.
        NoSpaceError: the scratch files' disk is full.
    """
    watcher = progress or NoProgress()
    folder.check_names()
    manifest = folder.manifest
    _check_counts(folder, manifest)
    for entry in manifest.travelling():
        _check_record(entry)
    volumes = folder.header.volumes
    watcher.phase(
        "proving volumes",
        len(volumes),
        total_bytes=sum(each.size_bytes for each in volumes),
    )
    for number in range(1, len(volumes) + 1):
        folder.check_volume(number, watcher)
        watcher.advance()
    watcher.phase("proving contents", folder.header.carried)
    proof = _Proof(folder, scratch, bases or NoBases())
    proven = _prove_all(proof, len(manifest.segments), watcher)
    if proven.tiles != folder.header.tiles:
        raise _malformed(f"{proven.tiles} tiles, not {folder.header.tiles}")
    if proven.artifacts != folder.header.artifacts_carried:
        said = folder.header.artifacts_carried
        raise _malformed(f"{proven.artifacts} artifacts, not {said}")
    return proven


def _prove_all(proof: _Proof, segments: int, progress: Progress) -> Proven:
    """Prove all segments, side by side in processes, or else in threads."""
    proven = Proven()
    with Hands(proof.prove_apart, count=WORKERS, size_bytes=proof.size_bytes) as hands:

        def prove(number: int) -> Proven:
            done = hands.offer(number, subject=f"segment {number}")
            return done or proof.prove_segment(number)

        results = in_order(
            prove,
            range(segments),
            ahead=_AHEAD,
            threads=WORKERS,
            abandon=hands.kill,
        )
        with closing(results):
            for each in results:
                proven += each
                progress.advance(each.versions, size_bytes=each.file_bytes)
    return proven


class _Listed(NamedTuple):
    """How long a whole list is."""

    versions: int
    artifacts: int


def _check_counts(folder: BundleFolder, manifest: Manifest) -> None:
    """Check what the header says for people against what is there."""
    header = folder.header
    travelling = list(manifest.travelling())
    bases = [segment.base for segment in manifest.segments]
    listed = manifest.list_base or _whole(manifest)
    found = {
        "selected": listed.versions,
        "carried": len(travelling),
        "patched": sum(bases[each.segment or 0] is not None for each in travelling),
        "omitted": len(manifest.omitted),
        "zip_bytes": sum(each.zip_bytes or 0 for each in travelling),
        "artifacts": listed.artifacts,
    }
    for name, count in found.items():
        if getattr(header, name) != count:
            said = getattr(header, name)
            raise _malformed(f"the header says {name} {said}, there are {count}")
    if folder.header.kind.value == "full" and any(bases):
        raise _malformed("patches in a full bundle")


def _whole(manifest: Manifest) -> _Listed:
    return _Listed(len(manifest.versions), len(manifest.artifacts))


def _check_record(entry: VersionEntry) -> None:
    if entry.proof is not Proof.SUMDB or entry.record is None:
        return
    mv = entry.mv
    lines = parse_record_lines(entry.record.encode(), mv)
    for kind, want, got in (
        ("go.mod", lines.mod_h1, entry.mod_h1),
        ("zip", lines.zip_h1, entry.zip_h1),
    ):
        if got is not None and want != got:
            raise ChecksumMismatchError(
                f"{mv} {kind}", want=want, got=got, authority=_AUTHORITY
            )


class _Proof:
    """The proof of one bundle's segments; threads and processes share it.

    Attributes:
        size_bytes: How much there is to read.
    """

    def __init__(
        self, folder: BundleFolder, scratch: ScratchFiles, bases: Bases
    ) -> None:
        self._manifest = folder.manifest
        self._folder = folder
        self._scratch = scratch
        self._bases = bases
        self._entries = entries_by_segment(folder.manifest)
        self.size_bytes = sum(
            segment.contents.unpacked_bytes for segment in folder.manifest.segments
        )

    def prove_apart(self, number: int, _: int | None) -> Proven:
        """Read one segment to its end, in a process of its own."""
        return self.prove_segment(number)

    def prove_segment(self, number: int) -> Proven:
        """Read one segment to its end."""
        segment = self._manifest.segments[number]
        entries = self._entries.get(number, {})
        try:
            with open_segment(self._folder, segment, entries, self._bases) as reading:
                if segment.holds == "tiles":
                    return Proven(tiles=sum(1 for _ in reading.tiles()))
                if segment.holds == "artifacts":
                    return self._prove_artifacts(number, reading)
                return self._prove_modules(reading)
        except BundleGapError:
            if not isinstance(self._bases, NoBases):
                raise
            return Proven(patches=len(entries))

    def _prove_artifacts(self, number: int, reading: SegmentReading) -> Proven:
        """Read blobs, and see that they are just those that artifacts here have."""
        artifacts = self._manifest.artifacts
        entries = [each for each in artifacts if each.segment == number]
        sizes: dict[str, int] = {}
        for blob, pieces in reading.blobs():
            deque(pieces, maxlen=0)
            sizes[blob.digest] = blob.size_bytes
        if sizes != {each.digest: each.size_bytes for each in entries}:
            raise _malformed("a segment has other artifacts than the manifest says")
        return Proven(artifacts=len(entries))

    def _prove_modules(self, reading: SegmentReading) -> Proven:
        proven = Proven()
        for group in reading.groups():
            size_bytes = self._prove_contents(group)
            proven += Proven(len(group.versions), len(group.contents), size_bytes)
        return proven

    def _prove_contents(self, group: OpenGroup) -> int:
        total = 0
        found: dict[int, dict[bytes, str]] = {}
        for name, order, digest, size_bytes, verbatim in group.contents:
            total += size_bytes
            if verbatim:
                self._prove_zip(group, order, digest, size_bytes)
                continue
            got = hash_proven(digest, group.frame, size_bytes)
            found.setdefault(order, {})[name] = got
        for order in range(len(group.versions)):
            group.proven(order, found.get(order, {}))
        self._check_same_zips(group)
        return total

    def _prove_zip(
        self, group: OpenGroup, order: int, digest: str, size_bytes: int
    ) -> None:
        """Prove a verbatim zip, by the first version that has it.

        No other can have its h1.
        """
        version, entry = group.versions[order]
        pieces = proven_pieces(digest, group.frame.pieces(size_bytes), hashlib.sha256())
        check_h1(f"{version.mv} zip", entry.zip_h1, self._hash_zip(pieces))

    def _hash_zip(self, pieces: Iterable[bytes | memoryview]) -> str:
        with disk_errors(self._scratch), self._scratch.scratch_file() as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            descriptor, size_bytes = file.fileno(), file.tell()
            return hash_zip(
                lambda offset, size: read_at(descriptor, offset, size), size_bytes
            )

    @staticmethod
    def _check_same_zips(group: OpenGroup) -> None:
        """Check that no two versions claim one verbatim zip."""
        zips = [
            version.recipe[0].digest
            for version, entry in group.versions
            if version.form is Form.VERBATIM and entry.need is Need.ZIP
        ]
        if len(zips) != len(set(zips)):
            raise _malformed("one zip for two versions")


def _malformed(reason: str) -> MalformedError:
    return MalformedError("bundle", "", reason)
