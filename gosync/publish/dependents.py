"""Which modules' dependents changed, as a publish goes over what changed.

Dependents of a module are the modules in the tree whose newest version requires it
itself, not through another. A module's page names them, so it is written when they
change, whether or not the module did. The catalog has what each module requires
(``catalog.shown_needs``).
"""

from __future__ import annotations

from typing import Final

from gosync.catalog.shown_needs import ShownNeeds
from gosync.errors import MalformedError
from gosync.gomod.modfile import GoMod
from gosync.gomod.pathcheck import check_path

_AT_ONCE: Final = 1_000  # modules of one transaction
_MAX_NEEDS: Final = 5_000


def direct_needs(go_mod: GoMod | None) -> frozenset[str]:
    """Return the modules that a version requires itself; so many at most. Pure."""
    required = () if go_mod is None else go_mod.require
    direct = (each.path for each in required if not each.indirect)
    return frozenset(filter(_is_path, sorted(set(direct))[:_MAX_NEEDS]))


class DependentsWriter:
    """Writes down what the modules of one tree require; ``flush`` it at the end.

    Attributes:
        touched: The modules whose dependents changed.
    """

    def __init__(self, table: ShownNeeds, tree_id: str) -> None:
        self._table = table
        self._tree_id = tree_id
        self._needs: dict[str, frozenset[str]] = {}
        self.touched: set[str] = set()

    def note(self, path: str, needs: frozenset[str]) -> None:
        """Note what a module requires; nothing, where the tree shows none of it."""
        self._needs[path] = needs
        if len(self._needs) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what was noted.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self.touched |= self._table.put(self._tree_id, self._needs)
        self._needs = {}


def _is_path(path: str) -> bool:
    try:
        check_path(path)
    except MalformedError:
        return False
    return True
