"""Taking withdrawn versions out of a tree at once, whatever else waits to be published.

A publish may need the network for tiles, or somebody's word for what else would go; a
withdrawal waits for neither. So this writes the module's own files alone: ``@latest``
and ``list`` without the version, its page, then the files go, and the lookup. The
tree's marker is left as it is: the catalog's change is still ahead of it, and the next
publish brings the tree's pages up. Killed in between, it takes out the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import MalformedError
from gosync.folder import routes
from gosync.gomod.filekind import FileKind
from gosync.publish.contents import ModuleContents, contents_of
from gosync.publish.marker import read_marker
from gosync.publish.modules import ModuleWriter
from gosync.publish.owner import Owner, foreign_tree, owner_of
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.stale import removal_order
from gosync.publish.storage.tree import TreeStorage, TreeWriter
from gosync.publish.survey import files_by_version, survey_module
from gosync.publish.vulnreader import VulnReader
from gosync.publish.withdrawnfile import WITHDRAWN_FILE
from gosync.store.blobs import BlobStore

_NOTHING_IS_NEW = 1 << 62


def take_out(
    tree: TreeStorage,
    paths: Iterable[str],
    *,
    catalog: Catalog,
    blobs: BlobStore,
    database: str,
) -> int | None:
    """Take what is withdrawn of these modules out of a tree.

    Args:
        tree: The tree.
        paths: The modules.
        catalog: What is withdrawn.
        blobs: The store's blobs.
        database: The checksum database's name, "" for none.

    Returns:
        How many files were removed; None where there is no tree.

    Raises:
        IdentityError: if the tree is another store's.
        StoreError: if the tree cannot be written, or is no tree of gosync's.
        CatalogError: if the catalog cannot be read.
    """
    marker = read_marker(tree.reader())
    if marker is None:
        return None
    if owner_of(marker, catalog.identity.get()) is Owner.FOREIGN:
        raise foreign_tree(tree.name)
    writer = tree.writer()
    writer.open()
    WITHDRAWN_FILE.write(writer, catalog.withdrawn.all())
    for path in sorted(set(paths)):
        _take_out_of(writer, path, catalog, blobs, database, marker.pages)
    return writer.removed


def _take_out_of(
    writer: TreeWriter,
    path: str,
    catalog: Catalog,
    blobs: BlobStore,
    database: str,
    pages: PageOptions,
) -> None:
    modules = ModuleWriter(
        writer,
        catalog,
        blobs,
        tree_id=writer.name,
        changed_after=_NOTHING_IS_NEW,
        full=False,
        pages=pages,
    )
    try:
        contents = _contents(writer, path, catalog, modules, VulnReader(catalog, blobs))
    except MalformedError:  # it has no folder
        return
    modules.place(contents)
    modules.name(contents, database)
    writer.commit()
    stale = set(modules.stale)
    if database:
        lookups = f"{routes.sumdb_folder(database)}/lookup"
        stale |= {f"{lookups}/{name}" for name in modules.stale_lookups}
    for file in removal_order(stale):
        writer.remove(file)


def _contents(
    writer: TreeWriter,
    path: str,
    catalog: Catalog,
    modules: ModuleWriter,
    vulns: VulnReader,
) -> ModuleContents:
    """Return the module as the tree has it, less what was withdrawn."""
    names = writer.names(routes.of_module(path).versions_folder)
    there = files_by_version(names)
    rows = catalog.versions.of(path)
    kept = survey_module(catalog, writer, path, rows=rows)
    return contents_of(
        path,
        (row for row in rows if _stands(row, there)),
        read_facts=modules.read_facts,
        kept=kept.get(path, ()),
        withdrawn=catalog.withdrawn.of(path),
        read_vulns=vulns.of,
    )


def _stands(row: VersionRow, there: Mapping[str, Mapping[FileKind, str]]) -> bool:
    """Return whether the tree has all that it is to show of a version."""
    kinds = there.get(row.version, {}).keys()
    wanted = {FileKind.INFO, FileKind.MOD}
    if row.published is Need.ZIP:
        wanted.add(FileKind.ZIP)
    return row.published is not None and wanted <= kinds
