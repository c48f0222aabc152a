"""What a publish did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict

if TYPE_CHECKING:
    from pathlib import Path

    from gosync.catalog.trees import Unpublished


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
        unpublished: What is carried and cannot be published, with the reason.
    """

    root: Path
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
    unpublished: tuple[Unpublished, ...] = ()

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

    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            **asdict(self),
            "root": str(self.root),
            "changes": self.changes,
            "unpublished": [asdict(each) for each in self.unpublished],
            "refused": self.refused,
        }
