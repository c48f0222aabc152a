"""Bundles that are a header and a manifest alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from gosync.bundle.format.header import FileEntry, Header
from gosync.bundle.format.manifest import Base, Frame, Manifest, Segment, VersionEntry
from gosync.bundle.format.names import FORMAT
from gosync.catalog.bundles import BundleKind
from gosync.catalog.versions import Need, Proof

if TYPE_CHECKING:
    from gosync.bundle.read.folder import BundleFolder

CREATED = "2026-11-22T00:00:00.000000Z"
_FRAME = Frame(size_bytes=1, unpacked_bytes=1)


def h1(name: str) -> str:
    """Return an ``h1:`` that stands for a name."""
    return f"h1:{name}"


def entry(
    name: str,
    *,
    segment: int | None = None,
    need: Need = Need.ZIP,
    zip_h1: str | None = None,
    **facts: Any,
) -> VersionEntry:
    """Return a version ``example.com/NAME@v1.0.0`` of a selection."""
    return VersionEntry(
        path=f"example.com/{name}",
        version="v1.0.0",
        need=need,
        mod_h1=h1(f"{name} mod"),
        zip_h1=(zip_h1 or h1(name)) if need is Need.ZIP else None,
        proof=facts.pop("proof", Proof.SUMDB),
        segment=segment,
        **facts,
    )


def segment(base: str | None = None) -> Segment:
    """Return a segment of modules, a patch against the version of that name."""
    of = None
    if base is not None:
        of = Base(path=f"example.com/{base}", version="v1.0.0", h1=h1(base))
    return Segment(
        volume=1, offset=0, holds="modules", recipes=_FRAME, contents=_FRAME, base=of
    )


@dataclass
class FakeBundle:
    """What pool and arrival look at."""

    header: Header
    manifest: Manifest
    name: str = "medium"
    id: str = field(default="")

    def __post_init__(self) -> None:
        digest = hashlib.sha256(f"{self.header}{self.manifest}".encode())
        self.id = digest.hexdigest()


def bundle(
    sequence: int,
    *versions: VersionEntry,
    segments: tuple[Segment, ...] = (),
    kind: BundleKind = BundleKind.INCREMENT,
    target: str = "t",
    created: str = CREATED,
) -> BundleFolder:
    """Return a bundle with this selection."""
    header = Header(
        format=FORMAT,
        target=target,
        sequence=sequence,
        kind=kind,
        base=None,
        created=created,
        gosync="0",
        sumdb=None,
        manifest=FileEntry(name="", size_bytes=0, sha256="0" * 64, unpacked_bytes=0),
        volumes=(),
        selected=len(versions),
        carried=0,
        patched=0,
        omitted=0,
        tiles=0,
        zip_bytes=0,
    )
    manifest = Manifest(segments=segments or (segment(),), versions=versions)
    return cast("BundleFolder", FakeBundle(header, manifest))
