"""The options of ``create`` and its result, also as a document for programs."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gosync.bundle.format.features import ReaderFeatures
from gosync.bundle.format.header import Header
from gosync.bundle.format.manifest import ShrinkEntry
from gosync.bundle.format.need import NeedFile
from gosync.bundle.make.levels import Level
from gosync.bundle.make.selection import BundleSelection
from gosync.bundle.options import TargetSpec
from gosync.bundle.read.documents import (
    header_document,
    omitted_document,
    proven_document,
    shrink_document,
    withdrawn_document,
)
from gosync.bundle.read.proving import Proven


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
    """

    target: TargetSpec
    out: Path
    full: bool = False
    exact: bool = False
    need: NeedFile | None = None
    reader: ReaderFeatures | None = None
    level: Level = Level.DEFAULT


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
    """

    selection: BundleSelection
    path: Path | None = None
    id: str = ""
    header: Header | None = None
    proven: Proven | None = None
    signed_by: tuple[str, ...] = ()
    shrink: ShrinkEntry | None = None


def created_document(created: Created) -> dict[str, object]:
    """Return what became of a create."""
    header = created.header
    return {
        "result": "nothing-new" if header is None else "created",
        "folder": None if created.path is None else str(created.path.absolute()),
        "bundle": None if header is None else header_document(header, created.id),
        "signed_by": list(created.signed_by),
        "proven": proven_document(created.proven),
        "omitted": omitted_document(created.selection.omitted),
        "withdrawn": list(map(withdrawn_document, created.selection.withdrawn)),
        "left_out": dict(created.selection.unread),
        "shrink": shrink_document(created.shrink),
    }
