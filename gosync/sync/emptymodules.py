"""Empty modules: those that a select names and of which it has nothing, and why.

The selection counts versions, and a module without any has none to count: it would
be silently complete. So each named module is held against what its select takes of
it. A module that only a pattern finds may have nothing; that is no fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.versions import State, VersionRow
from gosync.errors import NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.site.configured import SELECT, select_item
from gosync.site.policy import Policy, Rule
from gosync.sync.choosing import Chooser
from gosync.sync.plan import Chosen

_NOWHERE = frozenset({State.REJECTED, State.GONE})


class EmptyReason(StrEnum):
    """Why a select has nothing of a module that it names."""

    NEVER_LISTED = "never listed"
    NOT_FOUND = "not found"
    UNANSWERED = "no answer"
    EMPTY_LIST = "empty list"
    GONE = "gone"
    NO_MATCH = "no match"
    COOL_DOWN = "cool-down"
    REFUSED = "refused"


class EmptyModule(msgspec.Struct, frozen=True, kw_only=True):
    """A named module of which there is nothing.

    Attributes:
        path: The module.
        select: The number of the select that names it.
        why: The kind of reason.
        reason: It in words.
        until: When a cool-down ends, else None.
    """

    path: str
    select: int
    why: EmptyReason
    reason: str
    until: str | None = None

    @property
    def is_missing(self) -> bool:
        """Whether it counts as missing by itself.

        What waits for its cool-down was asked to wait; what was refused is counted
        version by version.
        """
        return self.why not in (EmptyReason.COOL_DOWN, EmptyReason.REFUSED)


def find_empty_modules(
    catalog: Catalog, policy: Policy, chooser: Chooser, *, selected: bool = True
) -> Iterator[EmptyModule]:
    """Yield the named modules of which there is nothing, by path and select.

    Args:
        catalog: What is known.
        policy: What names modules.
        chooser: What the selects choose.
        selected: Whether only what is selected counts as here.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    table = catalog.selected_counts if selected else catalog.versions
    told = {f.version for f in catalog.failures.open() if f.kind == SELECT}
    for path in sorted(policy.exact):
        rules = [
            rule
            for rule in policy.rules_for(path)
            if rule.versions is not None and not rule.by_pattern
        ]
        # Nearly all have something: for these nothing need be chosen anew.
        items = {select_item(rule.select, path) for rule in rules}
        if rules and (items & told or not table.has_whole(path)):
            chosen = chooser.choose_of(path)
            found = (_empty(catalog, path, rule, chosen) for rule in rules)
            yield from (each for each in found if each is not None)


def _empty(
    catalog: Catalog, path: str, rule: Rule, chosen: Chosen
) -> EmptyModule | None:
    taken = [
        ModuleVersion(path, each.version)
        for each in chosen.choices
        if rule.select in each.rules
    ]
    if not taken:
        return _nothing_chosen(catalog, path, rule, chosen)
    if not all(_is_nowhere(catalog.versions.get(mv)) for mv in taken):
        return None
    failures = [catalog.failures.get(mv) for mv in taken]
    reasons = [failure.reason for failure in failures if failure is not None]
    return EmptyModule(
        path=path,
        select=rule.select,
        why=EmptyReason.REFUSED,
        reason=f"all of {len(taken)} selected versions are refused"
        + (f": {reasons[0]}" if reasons else ""),
    )


def _is_nowhere(row: VersionRow | None) -> bool:
    return row is not None and row.state in _NOWHERE and row.zip_digest is None


def _nothing_chosen(
    catalog: Catalog, path: str, rule: Rule, chosen: Chosen
) -> EmptyModule:
    why, reason = _why(catalog, path, rule, chosen)
    until = chosen.reconsider_at if why is EmptyReason.COOL_DOWN else None
    return EmptyModule(
        path=path, select=rule.select, why=why, reason=reason, until=until
    )


def _why(
    catalog: Catalog, path: str, rule: Rule, chosen: Chosen
) -> tuple[EmptyReason, str]:
    module = catalog.modules.get(path)
    offered = catalog.offers.of(path)
    failure = catalog.failures.get(ModuleVersion(path, ""))
    if failure is not None and not offered:
        return _of_failure(failure)
    if module is None or (module.listed_at is None and not offered):
        return EmptyReason.NEVER_LISTED, "its list was never asked for"
    if not offered:
        return EmptyReason.EMPTY_LIST, "its list is empty and @latest names nothing"
    if not chosen.considered:
        return EmptyReason.GONE, "upstream names versions and has none of them"
    if rule.select in chosen.unmatched:
        return EmptyReason.NO_MATCH, "nothing that is offered fits the select's keys"
    return (
        EmptyReason.COOL_DOWN,
        f"all that fits is too young until {chosen.reconsider_at}",
    )


def _of_failure(failure: Failure) -> tuple[EmptyReason, str]:
    return EmptyReason.NOT_FOUND if failure.was(
        NotFoundError
    ) else EmptyReason.UNANSWERED, failure.reason
