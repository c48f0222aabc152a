"""The search index: what the front page's search looks through, in few files.

A file is a script that hands over a list of modules, so that it can be had where a
page may not fetch, from a folder (``file:``)::

    gosyncModules([["example.com/m","v1.2.0","Package m reads.",["cmd/m"]],...])

with each module's path, its newest version ("" where only ``.mod`` files are carried),
what it is, and the folders of its commands; what is empty at the end is left out.
There is one file up to so many modules, ``modules/search.js``; above that parts as
``paging`` divides them, so that a changed module changes one of them. The front page
names all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gosync.catalog.shown import ShownModule
from gosync.catalog.shown_table import ShownModules
from gosync.folder import routes
from gosync.publish.pages.paging import begins_page, touched_parts
from gosync.publish.storage.tree import TreeWriter
from gosync.text import encode_json, printable


def format_search_index(modules: Iterable[ShownModule]) -> bytes:
    """Return one file of the index. Pure."""
    return b"gosyncModules(%s)\n" % encode_json([_line(each) for each in modules])


def _line(module: ShownModule) -> list[object]:
    line: list[object] = [module.path, module.newest]
    if module.synopsis or module.commands:
        line.append(printable(module.synopsis))
    if module.commands:
        line.append(module.commands)
    return line


def index_starts(begin: Iterable[str], per_file: int) -> list[str]:
    """Return what the files of an index begin with: "" for the first.

    Args:
        begin: The modules that begin a page of the list, by path.
        per_file: How many modules a file has at most; a multiple of a page's.
    """
    return ["", *(path for path in begin if begins_page(path, per_file))]


class SearchIndexWriter:
    """Writes the search index of one tree.

    Attributes:
        stale: Files to remove at the end.
    """

    def __init__(
        self, writer: TreeWriter, shown: ShownModules, tree_id: str, per_file: int
    ) -> None:
        """Prepare to write; ``per_file`` is a multiple of a list page's modules."""
        self._writer = writer
        self._shown = shown
        self._tree_id = tree_id
        self._per_file = per_file
        self.stale: list[str] = []

    def write(
        self, modules: int, before: int, changed: Collection[str] | None
    ) -> tuple[str, ...]:
        """Bring the index up to what the catalog says that the tree shows.

        Args:
            modules: How many modules the tree shows.
            before: How many it showed when the index was written last.
            changed: The modules that changed since; None to write all files.

        Returns:
            The files of the index.
        """
        starts = self._starts() if modules > self._per_file else [""]
        files = tuple(map(routes.search_index, starts))
        if changed is None or (before > self._per_file) != (modules > self._per_file):
            touched: Iterable[int] = range(len(starts))
            self._find_stale(files)
        else:
            parts = touched_parts(starts, changed, self._per_file)
            touched = parts.at
            self._leave(routes.search_index(start) for start in parts.gone)
        for at in touched:
            before_path = starts[at + 1] if at + 1 < len(starts) else None
            part = self._shown.between(self._tree_id, starts[at], before_path)
            self._writer.write(files[at], format_search_index(part))
        return files

    def _starts(self) -> list[str]:
        pages = self._shown.page_starts(self._tree_id)
        return index_starts(pages, self._per_file)

    def _leave(self, files: Iterable[str]) -> None:
        self.stale += (file for file in files if self._writer.size(file) is not None)

    def _find_stale(self, wanted: Collection[str]) -> None:
        names = self._writer.names(routes.PAGES_FOLDER)
        files = (f"{routes.PAGES_FOLDER}/{name}" for name in names)
        self.stale += (
            file
            for file in files
            if routes.is_search_index(file) and file not in wanted
        )
