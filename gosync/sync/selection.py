"""The selection in the catalog: which modules are followed, what is due or missing.

What is selected stands in the catalog (``versions.selected``); see
gosync.sync.selecting for how it gets there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.modules import Module
from gosync.catalog.versions import VersionRow
from gosync.site.configured import is_configured
from gosync.site.options import SiteOptions

ANY_TIME = datetime.max.replace(tzinfo=UTC)
_DEPENDENCY = "dependency"


class Selection:
    """One policy over one catalog."""

    def __init__(
        self, catalog: Catalog, options: SiteOptions, *, named: bool = False
    ) -> None:
        """Bind the two.

        Args:
            catalog: What is known.
            options: What is wanted, and from whom.
            named: Whether the policy is a command's own, beside the
                configuration: then what it does not name is left alone.
        """
        self._catalog = catalog
        self._options = options
        self._policy = options.policy
        self._named = named
        self._proves = options.database is not None

    def follow(self) -> None:
        """Follow the modules that the policy names, no longer those it dropped.

        Raises:
            CatalogError: if the catalog cannot be written.
        """
        with self._catalog.transaction():
            self._catalog.modules.track(self._followed())
            if not self._named:
                self._untrack()
            if self._proves:
                self._distrust()

    def _followed(self) -> Iterator[Module]:
        for path in self._policy.exact:
            if self._policy.follows(path):
                yield Module(
                    path,
                    private=self._policy.is_private(path),
                    tracked_by="command" if self._named else "config",
                )

    def _untrack(self) -> None:
        paths = self._catalog.modules.independent()
        gone = [path for path in paths if not self._policy.follows(path)]
        if gone:
            self._catalog.modules.untrack(gone)
            self._catalog.offers.forget(gone)

    def _distrust(self) -> None:
        """Want anew what was pinned while no database was asked, now that one is.

        Until it is proven it is not published: clients would ask for its lookup.
        """
        versions = self._catalog.versions
        public = [v for v in versions.pinned() if not self._policy.is_private(v.path)]
        if public:
            versions.withdraw(public)

    def _follows(self, module: Module) -> bool:
        """Return whether a module's list is asked; dependencies go when unneeded."""
        return module.tracked_by == _DEPENDENCY or self._policy.follows(module.path)

    def due_modules(self, now: datetime, *, interval_seconds: float) -> list[Module]:
        """Return the followed modules whose list is to be asked now."""
        due = self._catalog.modules.due(now, interval_seconds=interval_seconds)
        if self._named:
            return [module for module in due if self._policy.follows(module.path)]
        return [module for module in due if self._follows(module)]

    def due_versions(self, now: datetime) -> Iterator[VersionRow]:
        """Yield what is to be fetched now."""
        rows = self._catalog.versions.all_wanted(now)
        return (row for row in rows if self.wants(row))

    def wants(self, row: VersionRow) -> bool:
        """Return whether a version is selected; for a command, by this command."""
        if not self._named:
            return row.selected is not None
        return any(self._policy.rules_for(row.path))

    def clear_moot(self) -> None:
        """Forget the failures of what is no longer selected.

        Raises:
            CatalogError: if the catalog cannot be written.
        """
        still_open = self._catalog.failures.open()
        closed = [each for each in still_open if not self.concerns(each)]
        self._catalog.failures.clear(each.mv for each in closed)

    def concerns(self, failure: Failure) -> bool:
        """Return whether a failure is of what is still configured and selected."""
        if not is_configured(failure, self._options):
            return False
        if not failure.path:
            return True
        if not failure.version:
            module = self._catalog.modules.get(failure.path)
            return module is not None and self._follows(module)
        row = self._catalog.versions.get(failure.mv)
        return row is not None and self.wants(row)

    def open_failures(self) -> list[Failure]:
        """Return the failures that stand open.

        Raises:
            CatalogError: if the catalog cannot be read.
        """
        return list(filter(self.concerns, self._catalog.failures.open()))
