"""Reports about a bundle, for ``--json`` and ``--report``: the fields are the keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import msgspec
from msgspec.structs import asdict

from gosync.bundle.format.artifacts import (
    ArtifactEntry,
    known_artifacts,
    skipped_artifacts,
)
from gosync.bundle.format.header import Header
from gosync.bundle.format.manifest import (
    Manifest,
    OmittedEntry,
    ShrinkEntry,
    WithdrawnEntry,
)
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.logproof import LogProof
from gosync.bundle.read.proving import Proven
from gosync.catalog.versions import Need, Proof
from gosync.signing.trust import SignedBy
from gosync.store.durable import replace_file
from gosync.text import printable

_SHOWN_RULES = 40


class HeaderReport(Header, frozen=True, kw_only=True):
    """A header with the bundle's id, and the sizes of its files together."""

    id: str
    size_bytes: int

    @classmethod
    def of(cls, header: Header, identity: str) -> HeaderReport:
        """Return what is told of a header."""
        size_bytes = header.size_bytes
        return HeaderReport(**asdict(header), id=identity, size_bytes=size_bytes)


class OmittedReport(msgspec.Struct, frozen=True):
    """A version that is selected and not in the bundle."""

    path: str
    version: str
    need: Need
    reason: str


class ShrinkReport(msgspec.Struct, frozen=True):
    """What rules that changed took out of a selection.

    Attributes:
        versions: How many versions.
        was: The rules that were, as people read them.
        now: Those that are.
    """

    versions: int
    was: list[str]
    now: list[str]

    @classmethod
    def of(cls, entry: ShrinkEntry | None) -> ShrinkReport | None:
        """Return what is told of it, None where nothing was taken out."""
        if entry is None:
            return None
        was, now = entry.was.splitlines(), entry.now.splitlines()
        return ShrinkReport(entry.versions, was, now)


class WithdrawnReport(msgspec.Struct, frozen=True):
    """A version that was withdrawn outside."""

    path: str
    version: str
    reason: str
    withdrawn_at: str
    needed_by: tuple[str, ...]


class ArtifactCounts(msgspec.Struct, frozen=True):
    """How many artifacts there are by kind, apart those of kinds not known here."""

    known: dict[str, int]
    skipped: dict[str, int]


class ListReport(msgspec.Struct, frozen=True):
    """A list of what is selected that is a difference to an earlier bundle's.

    Attributes:
        base: That bundle's id.
        told: How many versions are told: new, changed, or in this bundle.
        gone: How many of that list are selected no more.
    """

    base: str
    told: int
    gone: int

    @classmethod
    def of(cls, manifest: Manifest) -> ListReport | None:
        """Return what is told of a difference, None of a whole list."""
        if manifest.list_base is None:
            return None
        told, gone = len(manifest.versions), len(manifest.gone)
        return ListReport(manifest.list_base.base, told, gone)


class BundleReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of itself.

    Attributes:
        folder: Its folder.
        bundle: Its header.
        signatures: The names of its signatures' files.
        omitted: What is selected and not in it.
        artifacts: How many artifacts the site is to have.
        shrink: What rules that changed took out of the selection, or None.
        withdrawn: What was withdrawn outside.
        difference: What its list is a difference to; None where it is whole.
    """

    folder: str
    bundle: HeaderReport
    signatures: list[str]
    omitted: list[OmittedReport]
    artifacts: ArtifactCounts
    shrink: ShrinkReport | None
    withdrawn: list[WithdrawnReport]
    difference: ListReport | None


class CarriedVersion(msgspec.Struct, frozen=True):
    """A version of the selection, and how it travels.

    Attributes:
        volume: The number of its volume, None where it does not travel.
        base: The version that it is a patch against, or None.
    """

    path: str
    version: str
    need: Need
    mod_h1: str
    zip_h1: str | None
    proof: Proof
    volume: int | None
    base: str | None


class WholeBundleReport(BundleReport, frozen=True, kw_only=True):
    """The same with every version of the selection, or all that it tells of it."""

    versions: list[CarriedVersion]


class VerifiedBundle(BundleReport, frozen=True, kw_only=True):
    """What was proven of a bundle.

    Attributes:
        signed_by: Whose signatures count; None where none was checked.
        head_proven: Whether the database's key signed the head.
        proven: What was read and found to be right.
        log: How much of it leads to the head, None without a head.
    """

    signed_by: tuple[SignedBy, ...] | None
    head_proven: bool
    proven: Proven
    log: LogProof | None


def inspected(folder: BundleFolder, signatures: Sequence[str]) -> BundleReport:
    """Return what a bundle says of itself."""
    manifest = folder.manifest
    return BundleReport(
        folder=str(Path(folder.name).absolute()),
        bundle=HeaderReport.of(folder.header, folder.id),
        signatures=list(signatures),
        omitted=omitted_reports(manifest.omitted),
        artifacts=_artifact_counts(manifest.artifacts),
        shrink=ShrinkReport.of(manifest.shrink),
        withdrawn=withdrawn_reports(manifest.withdrawn),
        difference=ListReport.of(manifest),
    )


def write_report(path: Path, report: msgspec.Struct) -> None:
    """Write a report, whole or not at all.

    Raises:
        StoreError: it cannot be written.
        NoSpaceError: the disk is full.
    """
    data = msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
    replace_file(path.absolute(), data, staging=path.absolute().parent)


def omitted_reports(omitted: Iterable[OmittedEntry]) -> list[OmittedReport]:
    """Return what is selected and not in the bundle."""
    return [OmittedReport(o.path, o.version, o.need, o.reason) for o in omitted]


def withdrawn_reports(entries: Iterable[WithdrawnEntry]) -> list[WithdrawnReport]:
    """Return what was withdrawn outside."""
    return [
        WithdrawnReport(e.path, e.version, e.reason, e.withdrawn_at, e.needed_by)
        for e in entries
    ]


def shrink_lines(shrink: ShrinkEntry | None) -> Iterator[str]:
    """Yield why a selection lost versions: which rules are no more, and which new."""
    if shrink is None:
        return
    yield f"{shrink.versions} versions leave because the rules outside changed"
    was, now = shrink.was.splitlines(), shrink.now.splitlines()
    gone = (f"  - {printable(line)}" for line in was if line not in now)
    new = (f"  + {printable(line)}" for line in now if line not in was)
    yield from islice(chain(gone, new), _SHOWN_RULES)


def _artifact_counts(entries: Iterable[ArtifactEntry]) -> ArtifactCounts:
    entries = list(entries)
    known = Counter(each.kind for each in known_artifacts(entries))
    return ArtifactCounts(dict(known), dict(skipped_artifacts(entries)))
