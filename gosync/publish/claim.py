"""Making a tree a store's own: its marker names the store from then on."""

from __future__ import annotations

from msgspec.structs import replace

from gosync.folder import routes
from gosync.ingest.generation import Generation
from gosync.publish.marker import Marker, format_marker, read_marker
from gosync.publish.storage.tree import TreeStorage


def claim_tree(tree: TreeStorage, generation: Generation) -> None:
    """Write a store's id and generation into a tree's marker; nothing else changes.

    Only for a tree that shows nothing that the store does not know. The store counts
    up first, beyond what the tree was published with.

    Raises:
        StoreError: journal, catalog or tree cannot be written.
        NoSpaceError: the disk is full.
    """
    marker = read_marker(tree.reader()) or Marker()
    number = generation.advance(beyond=marker.generation)
    ours = replace(marker, store=generation.store, generation=number)
    writer = tree.writer()
    writer.open()
    writer.write(routes.MARKER, format_marker(ours))
    writer.commit()
