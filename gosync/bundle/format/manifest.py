"""``manifest.zst``: the selected versions, and where in the volumes each lies.

Unpacked it is JSON lines, each with its ``type``::

    {"type":"volume", ...}    the digests of the volumes' chunks, in their order
    {"type":"segment", ...}   in the order of the volumes
    {"type":"list", ...}      whose list this one is a difference to; once at most
    {"type":"version", ...}   the selection, by path, then version
    {"type":"gone", ...}      what that list has and this one not; by path, version
    {"type":"omitted", ...}   selected, not there; by path, then version
    {"type":"finding", ...}   what an audit outside found of these; by path, version
    {"type":"withdrawn", ...} what nobody is to be given any more; by path, version
    {"type":"artifact", ...}  what is carried beside modules; by kind, then name
    {"type":"dropped", ...}   what that list has of it and this one not; by kind, name
    {"type":"shrink", ...}    how many versions left by changed rules; once at most

Every version of the selection is there with its h1 and who vouches for it, unless the
list is a difference (``listlines``): then only what the other one does not say. What
travels in this bundle names its segment and has its record's text as well. Parsing
and formatting are pure; compressing is ``stream``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeAlias, get_args

import msgspec

from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.bundle.format.decoding import decode_lines, decode_time
from gosync.bundle.format.header import HexDigest, Size
from gosync.bundle.format.listlines import DroppedEntry, GoneEntry, ListBase
from gosync.bundle.format.manifest_checks import (
    WHAT,
    check_artifact_entry,
    check_count,
    check_dropped,
    check_finding,
    check_segment,
    check_sorted,
    check_version,
    malformed,
)
from gosync.bundle.format.names import MAX_CHUNKS, MAX_VOLUMES
from gosync.catalog.findings import FindingKind
from gosync.catalog.versions import FoundBy, Need, Proof
from gosync.gomod.module import OfVersion

_Text = Annotated[str, msgspec.Meta(max_length=4096)]
_Rules = Annotated[str, msgspec.Meta(max_length=1 << 16)]
_Facts = Annotated[dict[_Text, _Text], msgspec.Meta(max_length=64)]


class Base(OfVersion, msgspec.Struct, frozen=True, kw_only=True):
    """The version that a segment is a patch against.

    Attributes:
        path: Its module path.
        version: Its version.
        h1: The ``h1:`` of its zip.
    """

    path: _Text
    version: _Text
    h1: str


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One zstd frame.

    Attributes:
        size_bytes: Its size as it is packed.
        unpacked_bytes: What it holds.
    """

    size_bytes: Size
    unpacked_bytes: Size


class VolumeEntry(msgspec.Struct, frozen=True, kw_only=True, tag="volume"):
    """A volume, by the digests of its chunks.

    Attributes:
        chunks: The SHA-256 of each CHUNK_BYTES of it, hex; the last may be shorter.
    """

    chunks: Annotated[tuple[HexDigest, ...], msgspec.Meta(max_length=MAX_CHUNKS)]


class Segment(msgspec.Struct, frozen=True, kw_only=True, tag="segment"):
    """A segment: two zstd frames that belong together.

    Attributes:
        volume: The number of the volume in which they begin, from 1.
        offset: Where the first one begins there; the second follows it.
        holds: "modules", "tiles" or "artifacts".
        recipes: The frame that says what the other one holds.
        contents: The frame with contents.
        base: What the frames are patches against, or None.
    """

    volume: Annotated[int, msgspec.Meta(ge=1)]
    offset: Size
    holds: Annotated[str, msgspec.Meta(pattern="^(modules|tiles|artifacts)$")]
    recipes: Frame
    contents: Frame
    base: Base | None = None

    @property
    def end(self) -> int:
        """Where it ends, counted from where its volume begins."""
        return self.offset + self.size_bytes

    @property
    def size_bytes(self) -> int:
        """The sizes of both frames together."""
        return self.recipes.size_bytes + self.contents.size_bytes


class VersionEntry(OfVersion, msgspec.Struct, frozen=True, kw_only=True, tag="version"):
    """One version of the selection.

    Attributes:
        path: The module path.
        version: The canonical version.
        need: How much of it the selection has: "zip" for all.
        mod_h1: The ``h1:`` of its go.mod.
        zip_h1: The ``h1:`` of its zip; None where only the ``.mod`` is meant.
        proof: Who vouches for them.
        record_id: The record's number in the checksum database.
        found_by: What named it first.
        segment: The index of the segment in which it travels, None if it does not.
        record: The record's text, if it travels.
        index_time: The index's time stamp, if it travels.
        info_digest: The SHA-256 of its ``.info``, if that travels.
        mod_digest: The SHA-256 of its ``.mod``, if that travels.
        zip_bytes: The size of the upstream's zip, if that travels.
    """

    path: _Text
    version: _Text
    need: Need
    mod_h1: str
    zip_h1: str | None
    proof: Proof
    record_id: Size | None = None
    found_by: FoundBy = FoundBy.CONFIG
    segment: Size | None = None
    record: str | None = None
    index_time: _Text | None = None
    info_digest: HexDigest | None = None
    mod_digest: HexDigest | None = None
    zip_bytes: Size | None = None


class OmittedEntry(OfVersion, msgspec.Struct, frozen=True, kw_only=True, tag="omitted"):
    """A selected version that the bundle lacks, in whole or in part.

    Attributes:
        path: The module path.
        version: The canonical version.
        need: How much of it is selected.
        reason: Why it is not there.
    """

    path: _Text
    version: _Text
    need: Need
    reason: _Text


class FindingEntry(OfVersion, msgspec.Struct, frozen=True, kw_only=True, tag="finding"):
    """An audit's finding about a selected version; see gosync.catalog.findings.

    It is word of somebody outside, for people inside; nothing is decided by it.

    Attributes:
        kind: What became of it.
        path: The module path.
        version: The version, "" for the module itself.
        source: The URL of who says so, or "".
        summary: One sentence for people.
        ours: What is held, by the fact's name.
        theirs: What is said there, by the fact's name.
        first_seen: When it was seen first, outside.
        accepted: Whether it may stay so.
    """

    kind: FindingKind
    path: _Text
    version: _Text
    source: _Text
    summary: _Text
    ours: _Facts
    theirs: _Facts
    first_seen: _Text
    accepted: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is of, what, and by whom."""
        return self.path, self.version, self.kind, self.source


class WithdrawnEntry(
    OfVersion, msgspec.Struct, frozen=True, kw_only=True, tag="withdrawn"
):
    """A version that an operator outside withdrew; see gosync.catalog.withdrawn.

    A bundle names all that are withdrawn, and its header requires a reader that takes
    them out; what it names no more is brought back.

    Attributes:
        path: The module path.
        version: The canonical version.
        reason: Why.
        withdrawn_at: When, outside.
        needed_by: The main modules of the projects outside that need it.
    """

    path: _Text
    version: _Text
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    withdrawn_at: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    needed_by: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=1000)] = ()


class ShrinkEntry(msgspec.Struct, frozen=True, kw_only=True, tag="shrink"):
    """A selection that lost versions because its rules changed.

    Whoever takes the bundle in is shown it once, and asked.

    Attributes:
        versions: How many versions the base's selection had and this one has not,
            those that were withdrawn apart.
        was: The rules that made the base's selection, as people read them.
        now: Those that made this one.
        was_fingerprint: A digest of the former, whatever they are written like.
        now_fingerprint: A digest of the latter.
    """

    versions: Annotated[int, msgspec.Meta(ge=1, le=(1 << 53) - 1)]
    was: _Rules
    now: _Rules
    was_fingerprint: _Text
    now_fingerprint: _Text


_Line: TypeAlias = (
    VolumeEntry
    | Segment
    | ListBase
    | VersionEntry
    | GoneEntry
    | OmittedEntry
    | FindingEntry
    | WithdrawnEntry
    | ArtifactEntry
    | DroppedEntry
    | ShrinkEntry
)

_decode_lines = msgspec.json.Decoder(_Line).decode_lines
_encode_lines = msgspec.json.Encoder(order="sorted").encode_lines
_KINDS = get_args(_Line)  # in the order in which they stand


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What ``manifest.zst`` says.

    Attributes:
        volumes: The digests of the volumes' chunks.
        segments: The segments, in the order of the volumes.
        list_base: What the list is a difference to, None where it is whole.
        versions: The selection, sorted; of a difference, what is new or travels.
        gone: What that list has and this one not, sorted.
        omitted: What is selected and not there, sorted.
        findings: What an audit found of the selection, sorted.
        withdrawn: What is withdrawn, sorted.
        artifacts: The artifacts that the site is to have, sorted, likewise.
        dropped: What that list has of them and this one not, sorted.
        shrink: What rules that changed took out of the selection, or None.
    """

    volumes: tuple[VolumeEntry, ...] = ()
    segments: tuple[Segment, ...]
    list_base: ListBase | None = None
    versions: tuple[VersionEntry, ...]
    gone: tuple[GoneEntry, ...] = ()
    omitted: tuple[OmittedEntry, ...] = ()
    findings: tuple[FindingEntry, ...] = ()
    withdrawn: tuple[WithdrawnEntry, ...] = ()
    artifacts: tuple[ArtifactEntry, ...] = ()
    dropped: tuple[DroppedEntry, ...] = ()
    shrink: ShrinkEntry | None = None

    def travelling(self) -> Iterator[VersionEntry]:
        """Yield the versions of which something is in this bundle."""
        return (entry for entry in self.versions if entry.segment is not None)


def format_manifest(manifest: Manifest) -> bytes:
    """Return the lines of a manifest."""
    parts: tuple[Iterable[_Line], ...] = (
        manifest.volumes,
        manifest.segments,
        () if manifest.list_base is None else (manifest.list_base,),
        manifest.versions,
        manifest.gone,
        manifest.omitted,
        manifest.findings,
        manifest.withdrawn,
        manifest.artifacts,
        manifest.dropped,
        () if manifest.shrink is None else (manifest.shrink,),
    )
    return b"".join(_encode_lines(part) for part in parts)


def parse_manifest(data: bytes) -> Manifest:
    """Parse the lines of a manifest; see ``read_manifest``."""
    return read_manifest([data])


def read_manifest(pieces: Iterable[bytes]) -> Manifest:
    """Parse the lines of a manifest, each checked before the next is looked at.

    Args:
        pieces: The bytes, in pieces of any size.

    Raises:
        MalformedError: they are not those of a manifest, are out of order, or
            contradict each other.
    """
    found = _Reading()
    for line in decode_lines(_decode_lines, pieces, WHAT):
        found.add(line)
    return found.manifest()


class _Reading:
    """The lines of a manifest so far."""

    def __init__(self) -> None:
        self._lines: dict[type, list[Any]] = {kind: [] for kind in _KINDS}
        self._kind = 0

    def add(self, line: _Line) -> None:
        kind = _KINDS.index(type(line))
        if kind < self._kind:
            raise malformed("lines of several types are mixed")
        self._kind = kind
        before = self._lines[type(line)]
        self._check(line, before)
        before.append(line)

    def _check(self, line: _Line, before: list[Any]) -> None:
        match line:
            case VolumeEntry():
                check_count(before, MAX_VOLUMES)
            case Segment():
                check_segment(line, before[-1:])
            case VersionEntry():
                check_sorted(line, before[-1:])
                check_version(line, len(self._lines[Segment]))
            case ArtifactEntry():
                check_artifact_entry(line, before[-1:], self._lines[Segment])
            case GoneEntry() | OmittedEntry():
                check_sorted(line, before[-1:])
            case FindingEntry():
                check_finding(line, before[-1:])
            case WithdrawnEntry():
                check_sorted(line, before[-1:])
                decode_time(line.withdrawn_at, WHAT)
            case DroppedEntry():
                check_dropped(line, before[-1:])
            case ListBase() | ShrinkEntry():
                check_count(before, 1)

    def manifest(self) -> Manifest:
        lines = self._lines
        if (lines[GoneEntry] or lines[DroppedEntry]) and not lines[ListBase]:
            raise malformed("something is gone from a list that is not named")
        return Manifest(
            volumes=tuple(lines[VolumeEntry]),
            segments=tuple(lines[Segment]),
            list_base=next(iter(lines[ListBase]), None),
            versions=tuple(lines[VersionEntry]),
            gone=tuple(lines[GoneEntry]),
            omitted=tuple(lines[OmittedEntry]),
            findings=tuple(lines[FindingEntry]),
            withdrawn=tuple(lines[WithdrawnEntry]),
            artifacts=tuple(lines[ArtifactEntry]),
            dropped=tuple(lines[DroppedEntry]),
            shrink=next(iter(lines[ShrinkEntry]), None),
        )
