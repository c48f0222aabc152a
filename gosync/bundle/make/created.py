"""The options of ``create``, its result, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from gosync.bundle.format.features import ReaderFeatures
from gosync.bundle.format.header import Header
from gosync.bundle.format.manifest import ShrinkEntry
from gosync.bundle.format.need import NeedFile
from gosync.bundle.make.documents import BundleDocument
from gosync.bundle.make.levels import Level
from gosync.bundle.make.selection import BundleSelection
from gosync.bundle.options import TargetSpec
from gosync.bundle.read.documents import (
    HeaderReport,
    OmittedReport,
    ShrinkReport,
    WithdrawnReport,
    omitted_reports,
    withdrawn_reports,
)
from gosync.bundle.read.proving import Proven
from gosync.ingest.vulnnews import VulnNews
from gosync.osv.vulnerable import VulnerableModule


class CreateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``create``.

    Attributes:
        target: The site.
        out: The folder that the bundle's folder is made in.
        full: Whether everything travels, whatever the receiver has.
        exact: Whether zips travel as they are.
        need: What the receiver says it lacks, or None.
        reader: What the receiver can read; None for what its newest receipt says.
        level: How hard to compress.
        documents: What is made of the selection, to travel with it.
    """

    target: TargetSpec
    out: Path
    full: bool = False
    exact: bool = False
    need: NeedFile | None = None
    reader: ReaderFeatures | None = None
    level: Level = Level.DEFAULT
    documents: tuple[BundleDocument, ...] = ()


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """The result of ``create``.

    Attributes:
        selection: What the bundle is about.
        path: The bundle's folder, None where nothing was new.
        id: The bundle's id, "" without one.
        header: Its header, None without one.
        proven: What was read back, None where nothing was made.
        signed_by: Fingerprints of the keys that signed.
        shrink: What rules that changed took out of the selection, or None.
        vulnerable: What became known as vulnerable since the bundle before.
    """

    selection: BundleSelection
    path: Path | None = None
    id: str = ""
    header: Header | None = None
    proven: Proven | None = None
    signed_by: tuple[str, ...] = ()
    shrink: ShrinkEntry | None = None
    vulnerable: VulnNews = VulnNews()


class CreateReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a create; its fields are the document's keys.

    Attributes:
        result: "created", or "nothing-new".
        folder: The bundle's folder, None without one.
        bundle: Its header, None without one.
        signed_by: Fingerprints of the keys that signed.
        proven: What was read back, None where nothing was made.
        omitted: What is selected and not in it.
        withdrawn: What nobody is to be given any more.
        left_out: How many artifacts the site cannot read, by kind.
        shrink: What rules that changed took out of the selection, or None.
        vulnerable: Which of the versions became known as vulnerable since the bundle
            that this one builds on, by entry and module.
        vulnerable_more: How many entries and modules are not listed there.
    """

    result: str
    folder: str | None
    bundle: HeaderReport | None
    signed_by: tuple[str, ...]
    proven: Proven | None
    omitted: list[OmittedReport]
    withdrawn: list[WithdrawnReport]
    left_out: dict[str, int]
    shrink: ShrinkReport | None
    vulnerable: tuple[VulnerableModule, ...]
    vulnerable_more: int

    @classmethod
    def of(cls, created: Created) -> CreateReport:
        """Return what is told of a result."""
        header, selection = created.header, created.selection
        return CreateReport(
            result="nothing-new" if header is None else "created",
            folder=None if created.path is None else str(created.path.absolute()),
            bundle=None if header is None else HeaderReport.of(header, created.id),
            signed_by=created.signed_by,
            proven=created.proven,
            omitted=omitted_reports(selection.omitted),
            withdrawn=withdrawn_reports(selection.withdrawn),
            left_out=dict(selection.unread),
            shrink=ShrinkReport.of(created.shrink),
            vulnerable=created.vulnerable.found,
            vulnerable_more=created.vulnerable.more,
        )


class TargetCreateReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one target's bundle among several.

    Attributes:
        target: The target.
        created: What is told of the create.
    """

    target: str
    created: CreateReport


class CreateAllReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a create for several targets.

    Attributes:
        targets: Of each one, in their order.
    """

    targets: tuple[TargetCreateReport, ...]

    @classmethod
    def of(
        cls, asked: Iterable[CreateOptions], reports: Iterable[CreateReport]
    ) -> CreateAllReport:
        """Return what is told of the results."""
        return CreateAllReport(
            targets=tuple(
                TargetCreateReport(target=each.target.name, created=report)
                for each, report in zip(asked, reports, strict=True)
            )
        )


class TreeArchiveReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a tree that was written as an archive.

    Attributes:
        result: "created".
        archive: The archive.
        size_bytes: Its size.
        sha256: Its digest, hex.
        files: How many files are in it.
        file_bytes: Their sizes together.
    """

    result: str = "created"
    archive: str
    size_bytes: int
    sha256: str
    files: int
    file_bytes: int
