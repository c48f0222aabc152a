"""What a publish did."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import asdict

from gosync.catalog.trees import Unpublished
from gosync.publish.marker import Marker
from gosync.sumdb.spans import Spans, count


class PublishReport(msgspec.Struct, frozen=True):
    """What a publish did.

    Attributes:
        root: The tree.
        full: Whether every file was looked at.
        modules: Modules in the tree.
        versions: Versions in the tree, whole.
        go_mods: Versions in it of which it has the ``.mod`` alone.
        unknown: Further versions in the tree, which the store does not know.
        head: Size of the tree head that the lookups carry; 0 without one.
        changed_modules: Modules that were looked at.
        written: Generated files written, tiles and lookups among them.
        linked: Blobs linked.
        copied: Blobs copied.
        removed: Files removed.
        blob_bytes: Bytes of the blobs linked or copied.
        tiles: Tiles written.
        lookups: Lookups written.
        upper_tiles: Whether every tile above level 0 is there, for clients that
            remember any older head.
        leaf_tiles: How many tiles of level 0 are there for such clients.
        absent_tiles: Tiles for such clients that could not be had.
        unserved: Why some of these clients are not served, "" for no reason.
        unserved_exit_code: What a command ends with for that, 0 for nothing.
        ahead: Sizes of heads that clients have beyond the tree's own.
        lacking_leaves: Numbers of level-0 tiles that only a bundle can bring, as spans.
        unpublished: What is carried and cannot be published, with the reason.
    """

    root: str
    full: bool = False
    modules: int = 0
    versions: int = 0
    unknown: int = 0
    go_mods: int = 0
    head: int = 0
    changed_modules: int = 0
    written: int = 0
    linked: int = 0
    copied: int = 0
    removed: int = 0
    blob_bytes: int = 0
    tiles: int = 0
    lookups: int = 0
    upper_tiles: bool = False
    leaf_tiles: int = 0
    absent_tiles: int = 0
    unserved: str = ""
    unserved_exit_code: int = 0
    ahead: tuple[int, ...] = ()
    lacking_leaves: Spans = ()
    unpublished: tuple[Unpublished, ...] = ()

    @classmethod
    def unchanged(
        cls, root: str, marker: Marker, unpublished: Iterable[Unpublished]
    ) -> PublishReport:
        """Return the report of a publish that had nothing to do."""
        promise = marker.promise(marker.sumdb)
        return cls(
            root,
            modules=marker.modules,
            versions=marker.versions,
            unknown=marker.unknown,
            head=marker.head,
            upper_tiles=promise.of(marker.head).upper,
            leaf_tiles=count(promise.leaves),
            go_mods=marker.go_mods,
            unpublished=tuple(unpublished),
        )

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """What cannot be published, by name, with the reason."""
        return tuple(
            (f"{each.path}@{each.version}".rstrip("@"), each.reason)
            for each in self.unpublished
        )

    @property
    def changes(self) -> int:
        """How many files were written, linked, copied or removed."""
        return self.written + self.linked + self.copied + self.removed


class TreeReport(PublishReport, frozen=True, kw_only=True):
    """What is told of a publish; its fields are the document's keys.

    Attributes:
        changes: How many files were written, linked, copied or removed.
        refused: What cannot be published, by name, with the reason.
    """

    changes: int
    refused: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, report: PublishReport) -> TreeReport:
        """Return what is told of a publish."""
        told = asdict(report)
        return TreeReport(**told, changes=report.changes, refused=report.refused)


class ClientHead(msgspec.Struct, frozen=True):
    """A tree head that a client remembers.

    Attributes:
        size: How many records it has.
        served: Whether the tree has the tiles that the client needs.
        ahead: Whether the tree's own head is older.
    """

    size: int
    served: bool
    ahead: bool


class PublishedTree(TreeReport, frozen=True, kw_only=True):
    """What ``gosync publish`` tells: with the heads that the command named."""

    heads: list[ClientHead]
