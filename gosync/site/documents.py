"""Documents of a store, written into its tree: artifacts for people and their tools.

They lie below ``documents/`` (gosync.folder.routes). Nothing of the module protocol
names them, so they come after the rest; one that the store has no more leaves the tree.
"""

from __future__ import annotations

from gosync.artifact import DOCUMENT
from gosync.folder.routes import ARTIFACT_FOLDERS, artifact_file
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.store.digest import Digest


def write_documents(site: Site) -> int:
    """Bring the tree's documents up to the store's; return how many files changed.

    The tree's lease is held.

    Raises:
        StoreError: a blob cannot be read, or the tree not written.
    """
    kept = {
        artifact_file(each.kind, each.name): each
        for each in site.catalog.artifacts.all()
        if each.kind == DOCUMENT
    }
    writer = tree_storage(site.options).writer()
    gone = set(writer.walk(ARTIFACT_FOLDERS[DOCUMENT])) - kept.keys()
    if not kept and not gone:
        return 0
    writer.open()
    for path, artifact in kept.items():
        assert path is not None
        digest = Digest(artifact.digest)
        writer.write(path, site.blobs.read(digest, limit_bytes=artifact.size_bytes))
    for path in sorted(gone):
        writer.remove(path)
    writer.commit()
    return writer.changes
