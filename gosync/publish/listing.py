"""The tree's list of modules: one page while they are few, else pages by their paths.

Pages are divided as ``paging`` says: a module that comes or goes changes the page that
it is on and the front page, whatever is on the others, and a tree looks the same
whether it was published at once or bit by bit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from hashlib import sha256

from gosync.catalog.shown import ShownModule, ShownSums
from gosync.catalog.shown_table import ShownModules
from gosync.catalog.versions import Proof
from gosync.folder import routes
from gosync.publish.contents import ModuleContents, digest_lines
from gosync.publish.knownvulns import digest_vulns
from gosync.publish.pages import (
    ListPart,
    ModuleSummary,
    TreeFacts,
    front_page,
    list_page,
    summary_of,
)
from gosync.publish.paging import begins_page, touched_parts
from gosync.publish.tree import TreeWriter


def shown_module(contents: ModuleContents, per_page: int) -> ShownModule:
    """Return what is remembered of a module that a tree shows. Pure."""
    versions, path = contents.versions, contents.at.path
    whole = sum(version.whole for version in versions)
    return ShownModule(
        path=path,
        newest=contents.latest.row.version if contents.latest else "",
        versions=whole,
        go_mods=len(versions) - whole,
        proven=sum(v.whole and v.row.proof is Proof.SUMDB for v in versions),
        digest=sha256(digest_lines(contents)).hexdigest(),
        begins_page=begins_page(path, per_page),
        vulns=digest_vulns(contents.vulns),
    )


class ListWriter:
    """Writes the pages of one tree's list.

    Attributes:
        stale: Pages to remove at the end.
    """

    def __init__(
        self, writer: TreeWriter, shown: ShownModules, tree_id: str, per_page: int
    ) -> None:
        self._writer = writer
        self._shown = shown
        self._tree_id = tree_id
        self._per_page = per_page
        self.stale: list[str] = []

    def write(
        self, facts: TreeFacts, before: ShownSums, changed: Collection[str] | None
    ) -> None:
        """Bring the pages up to what the catalog says that the tree shows.

        Args:
            facts: What the front page says of the tree.
            before: What it showed when the pages were written last.
            changed: The modules that changed since; None to write all pages.
        """
        starts = self._starts() if facts.modules > self._per_page else []
        if changed is None or (before.modules > self._per_page) != bool(starts):
            changed = None
            self._find_stale(starts)
        whole = () if starts else tuple(self._between("", None))
        page = front_page(facts, whole, [self._part(start) for start in starts])
        self._writer.write(routes.ROOT_PAGE, page)
        for at in self._touched(starts, changed):
            self._write_page(starts, at)

    def _part(self, start: str) -> ListPart:
        return ListPart(routes.list_page(start), start or self._first())

    def _starts(self) -> list[str]:
        """Return what pages begin with: "" for the one before all that begin one."""
        starts = self._shown.page_starts(self._tree_id)
        return starts if self._first() in starts[:1] else ["", *starts]

    def _first(self) -> str:
        return next(self._between("", None)).path

    def _between(self, first: str, before: str | None) -> Iterator[ModuleSummary]:
        return map(summary_of, self._shown.between(self._tree_id, first, before))

    def _touched(
        self, starts: list[str], changed: Collection[str] | None
    ) -> Collection[int]:
        """Return which pages the changed modules are on, or were before."""
        if changed is None:
            return range(len(starts))
        parts = touched_parts(starts, changed, self._per_page)
        for start in parts.gone:
            self._leave(start)
        if starts and starts[0]:
            self._leave("")
        return parts.at

    def _write_page(self, starts: list[str], at: int) -> None:
        start = starts[at]
        before = starts[at + 1] if at + 1 < len(starts) else None
        page = list_page(tuple(self._between(start, before)))
        self._writer.write(routes.list_page(start), page)

    def _leave(self, start: str) -> None:
        page = routes.list_page(start)
        if self._writer.size(page) is not None:
            self.stale.append(page)

    def _find_stale(self, starts: list[str]) -> None:
        wanted = {routes.list_page(start) for start in starts}
        names = self._writer.names(routes.PAGES_FOLDER)
        pages = (routes.page_of_name(name) or _numbered(name) for name in names)
        self.stale += (page for page in pages if page and page not in wanted)


def _numbered(name: str) -> str | None:
    """Return a page that has a number: those of trees from before 0.1.0 had."""
    page = f"{routes.PAGES_FOLDER}/{name}/{routes.ROOT_PAGE}"
    return page if name.isdecimal() else None
