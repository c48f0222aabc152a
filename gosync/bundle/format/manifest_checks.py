"""Checks of a manifest's lines: names, hashes, order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gosync.artifact import check_artifact_name
from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.bundle.format.decoding import decode_time
from gosync.bundle.format.listlines import DroppedEntry, GoneEntry
from gosync.bundle.format.names import MAX_VOLUMES
from gosync.catalog.versions import Need, Proof
from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.dirhash import is_h1

if TYPE_CHECKING:
    from gosync.bundle.format.manifest import (
        FindingEntry,
        OmittedEntry,
        Segment,
        VersionEntry,
        WithdrawnEntry,
    )

WHAT = "bundle manifest"


def check_count(before: Sequence[object], most: int) -> None:
    """Check that there may be one line more.

    Raises:
        MalformedError: there are as many as there may be.
    """
    if len(before) == most:
        raise malformed(f"more than {most} lines of one type")


def check_segment(segment: Segment, before: Sequence[Segment]) -> None:
    """Check that it may come after the one before: there, or in a later volume.

    Whether volumes have gaps their sizes tell, which the header has (``extents``).

    Raises:
        MalformedError: it may not.
    """
    volume, end = (before[0].volume, before[0].end) if before else (1, 0)
    later = bool(before) and volume < segment.volume <= MAX_VOLUMES
    if not later and (segment.volume, segment.offset) != (volume, end):
        raise malformed(f"a segment at {segment.offset} of {segment.volume}")
    if segment.base is not None:
        check_name(segment.base.path, segment.base.version)
        check_h1(segment.base.h1)


def check_sorted(
    entry: VersionEntry | GoneEntry | OmittedEntry | WithdrawnEntry,
    before: Sequence[VersionEntry | GoneEntry | OmittedEntry | WithdrawnEntry],
) -> None:
    """Check that a version has a canonical name and comes after the one before.

    Raises:
        MalformedError: it is not so.
    """
    check_name(entry.path, entry.version)
    for each in before:
        if (each.path, each.version) >= (entry.path, entry.version):
            raise malformed(f"{entry.path}@{entry.version} is out of order")


def check_finding(finding: FindingEntry, before: Sequence[FindingEntry]) -> None:
    """Check the name and the time of a finding, and that it comes after the one before.

    Raises:
        MalformedError: it is not so.
    """
    if finding.version:
        check_name(finding.path, finding.version)
    else:
        module.check_path(finding.path)
    decode_time(finding.first_seen, WHAT)
    if any(each.key >= finding.key for each in before):
        raise malformed(f"a finding of {finding.path} is out of order")


def check_artifact_entry(
    entry: ArtifactEntry, before: Sequence[ArtifactEntry], segments: Sequence[Segment]
) -> None:
    """Check an artifact's name and segment, and that it comes after the one before.

    Raises:
        MalformedError: it is not so.
    """
    check_artifact_name(entry.name)
    if any(each.key >= entry.key for each in before):
        raise malformed(f"{entry} is out of order")
    if entry.segment is None:
        return
    if entry.segment >= len(segments) or segments[entry.segment].holds != "artifacts":
        raise malformed(f"{entry}: segment {entry.segment} holds no artifacts")


def check_dropped(entry: DroppedEntry, before: Sequence[DroppedEntry]) -> None:
    """Check an artifact's name, and that it comes after the one before.

    Raises:
        MalformedError: it is not so.
    """
    check_artifact_name(entry.name)
    if any(each.key >= entry.key for each in before):
        raise malformed(f"{entry.kind} {entry.name} is out of order")


def check_version(entry: VersionEntry, segments: int) -> None:
    """Check that what is said of a version fits together, with so many segments.

    Raises:
        MalformedError: it is not so.
    """
    shown = f"{entry.path}@{entry.version}"
    check_h1(entry.mod_h1)
    if entry.index_time is not None:
        decode_time(entry.index_time, WHAT)
    if (entry.need is Need.ZIP) != (entry.zip_h1 is not None):
        raise malformed(f"{shown}: needs {entry.need.value}, zip_h1 {entry.zip_h1}")
    if entry.zip_h1 is not None:
        check_h1(entry.zip_h1)
    if (entry.proof is Proof.SUMDB) != (entry.record_id is not None):
        raise malformed(f"{shown}: {entry.proof.value} by {entry.record_id}")
    if entry.segment is None:
        return
    if entry.segment >= segments:
        raise malformed(f"{shown}: in segment {entry.segment} of {segments}")
    if entry.mod_digest is None:
        raise malformed(f"{shown}: travels without its .mod")
    if entry.need is Need.ZIP and (entry.info_digest is None or not entry.zip_bytes):
        raise malformed(f"{shown}: travels without its .info or its zip's size")
    if entry.proof is Proof.SUMDB and entry.record is None:
        raise malformed(f"{shown}: travels without its record")


def check_name(path: str, version: str) -> None:
    """Check that a module version is one, and canonical.

    Raises:
        MalformedError: it is not so.
    """
    module.check(path, version)
    if module.canonical_version(version) != version:
        raise MalformedError("version", version, "not canonical")


def check_h1(text: str) -> None:
    """Check the form of an ``h1:``.

    Raises:
        MalformedError: it is not so.
    """
    if not is_h1(text):
        raise MalformedError("h1", text, "want h1: and 44 base64 digits")


def malformed(reason: str) -> MalformedError:
    """Return the error of a manifest that is none."""
    return MalformedError(WHAT, "", reason)
