"""The tree's own files: whether those are there that each publish vouches for.

Front pages, pages of the list, search index, and the database's ``latest``,
``supported`` and ``404.txt``: what a tree has once, however much it holds. Somebody may
have removed them, or a copy may have lost them; nothing in the catalog tells so. The
names in three folders do, where to look at these costs no requests: in a bucket nothing
is looked for. Whatever else is not there is put back by a publish that looks at every
file (``PublishOptions.every_file``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from gosync.catalog.shown_table import ShownModules
from gosync.folder import routes
from gosync.publish.listing import list_starts
from gosync.publish.pages.words import page_names
from gosync.publish.searchindex import index_starts
from gosync.publish.storage.tree import TreeReader

_OF_DATABASE = ("latest", "supported", routes.NOT_FOUND_NAME)


class OwnFiles:
    """A tree's own files."""

    def __init__(
        self,
        shown: ShownModules,
        tree_id: str,
        languages: Sequence[str],
        *,
        modules_per_page: int,
        modules_per_index: int,
    ) -> None:
        self._shown = shown
        self._tree_id = tree_id
        self._languages = languages
        self._per_page = modules_per_page
        self._per_index = modules_per_index

    def lack(self, tree: TreeReader, database: str) -> bool:
        """Return whether one of them is not there.

        Args:
            tree: The tree, which is whole by its marker.
            database: The checksum database whose head it shows, "" for none.

        Raises:
            StoreError: the tree cannot be read.
            CatalogError: the catalog cannot be read.
        """
        if not set(page_names(self._languages).values()) <= set(tree.names("")):
            return True
        if not {*self._in_pages_folder()} <= set(tree.names(routes.PAGES_FOLDER)):
            return True
        folder = routes.sumdb_folder(database) if database else ""
        return bool(folder) and not {*_OF_DATABASE} <= set(tree.names(folder))

    def _in_pages_folder(self) -> Iterator[str]:
        """Yield the names in the folder of pages: of list pages' folders, and files."""
        modules = self._shown.sums(self._tree_id).modules
        starts = self._shown.page_starts(self._tree_id)
        if modules > self._per_page:
            first = next(self._shown.between(self._tree_id)).path
            for start in list_starts(starts, first):
                yield PurePosixPath(routes.list_page(start)).parent.name
        if modules > self._per_index:
            for start in index_starts(starts, self._per_index):
                yield PurePosixPath(routes.search_index(start)).name
        else:
            yield PurePosixPath(routes.search_index("")).name
