"""Files of a tree beside modules and pages: documents, archives of Go, setup."""

from __future__ import annotations

from gosync.site.documents import write_documents
from gosync.site.downloads import write_downloads
from gosync.site.setup import write_setup
from gosync.site.site import Site


def write_besides(site: Site) -> None:
    """Bring all of it up to the store; the tree's lease is held.

    Raises:
        StoreError: a blob cannot be read, or the tree not written.
        NoSpaceError: a disk is full.
    """
    write_documents(site)
    write_downloads(site)
    write_setup(site)
