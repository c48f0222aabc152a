"""The catalog held against the policy: what is followed, due, and still missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.modules import Module
from gosync.catalog.versions import FoundBy, State, VersionRow, Want
from gosync.sync import plan
from gosync.sync.policy import ModuleRule, Policy

ANY_TIME = datetime.max.replace(tzinfo=UTC)


class Selection:
    """One policy over one catalog."""

    def __init__(
        self, catalog: Catalog, policy: Policy, *, named: bool, proves: bool
    ) -> None:
        """Bind the two.

        Args:
            catalog: What is known.
            policy: What is wanted.
            named: Whether the policy is a command's own, beside the
                configuration: then what it does not name is left alone.
            proves: Whether a checksum database is asked.
        """
        self._catalog = catalog
        self._policy = policy
        self._named = named
        self._proves = proves

    def apply(self) -> int:
        """Follow what the policy names, forget what it no longer does.

        Returns:
            How many versions were new to the catalog.

        Raises:
            CatalogError: if the catalog cannot be written.
        """
        found_by = FoundBy.COMMAND if self._named else FoundBy.CONFIG
        rules = self._policy.exact.items()
        wants = [
            want
            for path, rule in rules
            for want in plan.exact(path, rule, found_by=found_by)
        ]
        with self._catalog.transaction():
            self._catalog.modules.track(self._followed(rules))
            if not self._named:
                self._forget()
            if self._proves:
                self._distrust()
            return self._catalog.versions.want(self._unknown(wants))

    def _followed(self, rules: Iterable[tuple[str, ModuleRule]]) -> Iterator[Module]:
        for path, rule in rules:
            if rule.asks_list:
                yield Module(
                    path,
                    private=self._policy.is_private(path),
                    tracked_by="command" if self._named else "config",
                    policy=self._policy.rule_for(path).fingerprint(),
                )

    def _unknown(self, wants: Iterable[Want]) -> list[Want]:
        """Leave out what has a row already, so that an idle pass writes nothing."""
        unknown = []
        for want in wants:
            row = self._catalog.versions.get(want.path, want.version)
            if row is None or row.need is not want.need:
                unknown.append(want)
        return unknown

    def _forget(self) -> None:
        modules = self._catalog.modules.all()
        gone = [m.path for m in modules if not self._follows(m.path)]
        if gone:
            self._catalog.modules.untrack(gone)
        closed = [f for f in self._catalog.failures.open() if not self.concerns(f)]
        self._catalog.failures.clear((f.path, f.version) for f in closed)

    def _distrust(self) -> None:
        """Want anew what was pinned while no database was asked, now that one is.

        Until it is proven it is not published: clients would ask for its lookup.
        """
        versions = self._catalog.versions
        public = [v for v in versions.pinned() if not self._policy.is_private(v[0])]
        if public:
            versions.withdraw(public)

    def _follows(self, path: str) -> bool:
        return self._policy.rule_for(path).asks_list

    def due_modules(self, now: datetime, *, interval_seconds: float) -> list[Module]:
        """Return the followed modules whose list is to be asked now."""
        due = self._catalog.modules.due(now, interval_seconds=interval_seconds)
        return [module for module in due if self._follows(module.path)]

    def due_versions(self, now: datetime) -> Iterator[VersionRow]:
        """Yield what is to be fetched now."""
        rows = self._catalog.versions.all_wanted(now)
        return (row for row in rows if self.wants(row))

    def wants(self, row: VersionRow) -> bool:
        """Return whether a version is still selected."""
        if row.found_by is FoundBy.COMMAND and not self._named:
            return True
        rule = self._policy.rule_for(row.path)
        return rule.asks_list or any(row.version == v for v, _ in rule.versions)

    def concerns(self, failure: Failure) -> bool:
        """Return whether a failure is of something that is still selected."""
        if not failure.path:
            return True
        if not failure.version:
            return self._follows(failure.path)
        row = self._catalog.versions.get(failure.path, failure.version)
        return row is not None and self.wants(row)

    def still_missing(self, tried: Iterable[tuple[str, str]]) -> list[Failure]:
        """Return the failures that stand open after a pass.

        What only the index names and what is definitely gone upstream counts in
        the pass that finds it gone, and not for ever after: the index keeps
        names of what nobody can have (facts 6.4).
        """
        just_tried = set(tried)
        concerning = filter(self.concerns, self._catalog.failures.open())
        return [
            failure
            for failure in concerning
            if (failure.path, failure.version) in just_tried or not self._moot(failure)
        ]

    def _moot(self, failure: Failure) -> bool:
        row = self._catalog.versions.get(failure.path, failure.version)
        return (
            row is not None
            and row.state is State.GONE
            and row.found_by is FoundBy.INDEX
        )
