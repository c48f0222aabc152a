"""``bundle.json``: the small header that binds everything else by hash. Pure.

Canonical JSON: UTF-8, keys in order, two spaces of indent, one newline at the end.
Readers take any JSON with these fields; the SHA-256 of the bytes as they are is the
bundle's id, and what signatures are over.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

import msgspec

from gosync.bundle.format.decoding import decode_json, decode_time
from gosync.bundle.format.features import KNOWN_REQUIRES, PARTED_MANIFESTS
from gosync.bundle.format.names import (
    FORMAT,
    MANIFEST_NAME,
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_MANIFEST_FILE_BYTES,
    MAX_MANIFEST_PARTS,
    MAX_VOLUMES,
    manifest_part_name,
    volume_name,
)
from gosync.catalog.bundles import BundleKind
from gosync.errors import MalformedError
from gosync.gomod.info import parse_time
from gosync.sumdb.tlog import parse_tree

HexDigest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]
FileSize = Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)]
_Algorithm = Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]{1,32}$")]
TargetName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]

_FOLDER_ID_DIGITS = 8
_WHAT = "bundle header"

_DIGEST = "sha256"
_ZIP_HASH = "h1"
_COMPRESSION = "zstd"


class SumHead(msgspec.Struct, frozen=True, kw_only=True):
    """The signed tree head of the checksum database.

    Attributes:
        name: The database's name.
        size: How many records its tree has.
        note: The signed note.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    size: Size
    note: Annotated[str, msgspec.Meta(max_length=1 << 20)]


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the bundle.

    Attributes:
        name: Its name.
        size_bytes: Its size.
        sha256: Its digest, hex.
        unpacked_bytes: What the frames that begin in it hold together.
    """

    name: Annotated[str, msgspec.Meta(max_length=64)]
    size_bytes: FileSize
    sha256: HexDigest
    unpacked_bytes: Size


class Algorithms(msgspec.Struct, frozen=True, kw_only=True):
    """How a bundle hashes, packs and is signed, by name.

    They hold for the header and all that it binds. A digest, zip hash or compression
    that a reader does not know makes it refuse.

    Attributes:
        digest: Of the bundle's id, of files, chunks, contents, ``.info`` and ``.mod``.
        zip_hash: What vouches for zips and go.mod files, and prefixes its values.
        compression: Of manifest and volumes.
        signatures: The kinds of the keys that signed when it was made; others may
            sign later, and each signature's file tells its own kind.
    """

    digest: _Algorithm = _DIGEST
    zip_hash: _Algorithm = _ZIP_HASH
    compression: _Algorithm = _COMPRESSION
    signatures: Annotated[tuple[_Algorithm, ...], msgspec.Meta(max_length=100)] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What ``bundle.json`` says.

    Attributes:
        format: The format's version.
        requires: What a reader must know beyond it.
        algorithms: How it hashes, packs and is signed.
        target: The site that the bundle is for.
        sequence: The bundle's number among those of the target, from 1.
        kind: What it is for.
        base: The id of the bundle that it builds on, or None.
        created: When it was planned, RFC 3339.
        gosync: The version of gosync that made it.
        sumdb: The checksum database's head, None without a database.
        manifest: The manifest; a file, or its parts one after the other.
        manifest_parts: The files that it lies in, where it exceeds a volume.
        volumes: The volumes, in order.
        selected: Versions of the selection.
        carried: Versions of which something travels in this bundle.
        patched: How many of them travel as a patch.
        omitted: Versions that are selected and not there.
        tiles: Tiles of the checksum database in this bundle.
        tile_bytes: The sizes of them together.
        old_head_tiles: How many of them are for clients that remember a tree head
            from elsewhere.
        zip_bytes: The sizes of the upstream's zips of what travels, together.
        artifacts: How many artifacts the site is to have.
        artifacts_carried: How many of them travel in this bundle.
    """

    format: int
    requires: tuple[str, ...] = ()
    algorithms: Algorithms = Algorithms()
    target: TargetName
    sequence: Annotated[int, msgspec.Meta(ge=1, le=999_999)]
    kind: BundleKind
    base: HexDigest | None
    created: Annotated[str, msgspec.Meta(max_length=40)]
    gosync: Annotated[str, msgspec.Meta(max_length=64)]
    sumdb: SumHead | None
    manifest: FileEntry
    volumes: Annotated[tuple[FileEntry, ...], msgspec.Meta(max_length=MAX_VOLUMES)]
    selected: Size
    carried: Size
    patched: Size
    omitted: Size
    tiles: Size
    zip_bytes: Size
    tile_bytes: Size = 0
    old_head_tiles: Size = 0
    artifacts: Size = 0
    artifacts_carried: Size = 0
    manifest_parts: Annotated[
        tuple[FileEntry, ...], msgspec.Meta(max_length=MAX_MANIFEST_PARTS)
    ] = ()

    @property
    def manifest_files(self) -> tuple[FileEntry, ...]:
        """The files that the manifest lies in, in order."""
        return self.manifest_parts or (self.manifest,)

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """Every file that the header binds."""
        return (*self.manifest_files, *self.volumes)

    @property
    def size_bytes(self) -> int:
        """The sizes of these files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def created_at(self) -> datetime:
        """When it was planned."""
        return parse_time(self.created)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that a site has, as receipt.json and need.json name it.

    Attributes:
        sequence: Its sequence.
        bundle_id: Its id.
    """

    sequence: Annotated[int, msgspec.Meta(ge=1)]
    bundle_id: HexDigest


class _Preview(msgspec.Struct, frozen=True):
    """The part of a header that every version of the format has."""

    format: int
    requires: tuple[str, ...] = ()
    algorithms: Algorithms = Algorithms()


_decode_preview = msgspec.json.Decoder(_Preview).decode
_decode = msgspec.json.Decoder(Header).decode
_encode = msgspec.json.Encoder(order="sorted").encode


def parse_header(data: bytes) -> Header:
    """Parse a header.

    Raises:
        MalformedError: it is no header, or of a format that this gosync cannot read.
    """
    if len(data) > MAX_HEADER_BYTES:
        raise _malformed(f"larger than {MAX_HEADER_BYTES} bytes")
    _check_readable(decode_json(_decode_preview, data, _WHAT))
    header = decode_json(_decode, data, _WHAT)
    decode_time(header.created, _WHAT)
    _check_files(header)
    _check_chain(header)
    _check_head(header)
    return header


def format_header(header: Header) -> bytes:
    """Return the header's canonical bytes."""
    return msgspec.json.format(_encode(header), indent=2) + b"\n"


def bundle_id(data: bytes) -> str:
    """Return the id of the bundle whose header has these bytes."""
    return hashlib.sha256(data).hexdigest()


def folder_name(header: Header, identity: str) -> str:
    """Return the name that ``create`` gives the folder; readers do not rely on it."""
    return bundle_name(header.target, header.sequence, header.kind, identity)


def bundle_name(target: str, sequence: int, kind: BundleKind, identity: str) -> str:
    """Return the name of the folder of a bundle, of which the ledger knows this."""
    short = identity[:_FOLDER_ID_DIGITS]
    return f"gosync-{target}-{sequence:06d}-{kind.value}-{short}"


def _check_readable(preview: _Preview) -> None:
    """Check that nothing is needed that this gosync does not know."""
    used = preview.algorithms
    needs = {
        f"format {preview.format}": preview.format == FORMAT,
        f"digest {used.digest}": used.digest == _DIGEST,
        f"zip hash {used.zip_hash}": used.zip_hash == _ZIP_HASH,
        f"compression {used.compression}": used.compression == _COMPRESSION,
        **{name: name in KNOWN_REQUIRES for name in preview.requires},
    }
    lacking = [name for name, known in needs.items() if not known]
    if lacking:
        raise _malformed(f"needs a newer gosync ({', '.join(lacking):.200})")


def _check_files(header: Header) -> None:
    """Check that the files have the names that they must have."""
    if header.manifest.name != MANIFEST_NAME:
        raise _malformed(f"the manifest is not called {MANIFEST_NAME}")
    if header.manifest.size_bytes > MAX_MANIFEST_FILE_BYTES:
        raise _malformed(f"the manifest is over {MAX_MANIFEST_FILE_BYTES} bytes")
    if header.manifest.unpacked_bytes > MAX_MANIFEST_BYTES:
        raise _malformed(f"the manifest has more than {MAX_MANIFEST_BYTES} bytes")
    for number, volume in enumerate(header.volumes, start=1):
        if volume.name != volume_name(number):
            raise _malformed(f"volume {number} is not called {volume_name(number)}")
    _check_parts(header)


def _check_parts(header: Header) -> None:
    """Check that the parts of a manifest are named so, and are of its size together."""
    parts = header.manifest_parts
    if bool(parts) != (PARTED_MANIFESTS in header.requires):
        raise _malformed("parts of the manifest that none requires, or none of them")
    for number, part in enumerate(parts, start=1):
        if part.name != manifest_part_name(number):
            want = manifest_part_name(number)
            raise _malformed(f"part {number} of the manifest is not called {want}")
    if parts and sum(part.size_bytes for part in parts) != header.manifest.size_bytes:
        raise _malformed("the parts of the manifest are not of its size together")


def _check_chain(header: Header) -> None:
    if (header.kind is BundleKind.FULL) != (header.base is None):
        raise _malformed(f"of kind {header.kind.value}, its base is {header.base}")


def _check_head(header: Header) -> None:
    """Check that the note is of the size that the header says."""
    head = header.sumdb
    if head is None:
        return
    text = head.note.partition("\n\n")[0] + "\n"
    if parse_tree(text.encode()).n != head.size:
        raise _malformed(f"its tree head is not of {head.size} records")


def _malformed(reason: str) -> MalformedError:
    return MalformedError(_WHAT, "", reason)
