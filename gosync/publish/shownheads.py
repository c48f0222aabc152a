"""Which tree heads may stay in lookups: those that the tree showed, with their edges.

The rule is ``gosync.sumdb.mixedheads``'s: a lookup keeps its head. A head that is not
remembered as one of this tree's, byte for byte, or whose edge is not there any more,
cannot be served, and its lookups are written anew.
"""

from __future__ import annotations

from gosync.catalog.heads import Heads
from gosync.publish.sumdb import SumTreeWriter, tree_of


class ShownHeads:
    """The heads that one tree showed before."""

    def __init__(self, heads: Heads, sums: SumTreeWriter, tree_id: str) -> None:
        self._heads = heads
        self._sums = sums
        self._tree_id = tree_id
        self._known: dict[bytes, bool] = {}

    def may_stay(self, note: bytes) -> bool:
        """Return whether lookups with this signed note serve every client.

        Raises:
            CatalogError: the catalog cannot be read.
            OSError: the tree cannot be read.
        """
        if note not in self._known:
            self._known[note] = self._judge(note)
        return self._known[note]

    def _judge(self, note: bytes) -> bool:
        tree = tree_of(note)
        if tree is None:
            return False
        name = self._sums.name
        shown = self._heads.published_note(name, self._tree_id, tree.n)
        return note == shown and self._sums.has_edge(tree.n)
