"""What a tree shows of each module, written down as a publish goes over modules.

The tree's digest is the sum of its modules' digests: what a module had is taken off,
what it has is added. So it is the same however the tree came to be.
"""

from __future__ import annotations

from typing import Final

from gosync.catalog.shown import ShownModule
from gosync.catalog.shown_table import ShownModules
from gosync.publish.aboutmodule import ModuleOutline
from gosync.publish.contents import ModuleContents
from gosync.publish.listing import shown_module

_AT_ONCE: Final = 1_000  # modules of one transaction
_DIGESTS: Final = 1 << 256


class ShownWriter:
    """Writes down what one tree shows; ``flush`` it at the end.

    Args:
        table: Where to.
        tree_id: The tree.
        contents: The digest of what it showed; None to begin with nothing.
        per_page: How many modules a page of its list has, on average.
    """

    def __init__(
        self,
        table: ShownModules,
        tree_id: str,
        *,
        contents: str | None,
        per_page: int,
    ) -> None:
        self._table = table
        self._tree_id = tree_id
        self._anew = contents is None
        self._digest = int(contents or "0", 16)
        self._per_page = per_page
        self._shown: list[ShownModule] = []
        self._hidden: list[str] = []

    @property
    def contents(self) -> str:
        """The digest of what the tree shows, 64 hex digits."""
        return f"{self._digest:064x}"

    def begin(self) -> None:
        """Forget what the tree showed, where it is to begin with nothing."""
        if self._anew:
            self._table.clear(self._tree_id)

    def show(
        self, path: str, contents: ModuleContents | None, outline: ModuleOutline
    ) -> None:
        """Note what the tree shows of a module; each module once."""
        if not self._anew:
            before = self._table.get(self._tree_id, path)
            self._digest -= int(before.digest, 16) if before else 0
        if contents is not None and contents.versions:
            shown = shown_module(contents, outline, self._per_page)
            self._digest += int(shown.digest, 16)
            self._shown.append(shown)
        elif not self._anew:
            self._hidden.append(path)
        self._digest %= _DIGESTS
        if len(self._shown) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what was noted.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._table.put(self._tree_id, self._shown)
        self._table.remove(self._tree_id, self._hidden)
        self._shown, self._hidden = [], []
