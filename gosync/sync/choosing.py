"""Choice of versions: the selects' rules applied to what upstream offers.

Modules that are followed have offers, from their list and from the index; those
that are named by exact versions alone have none and need none. Nothing is asked
here and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.modules import Module
from gosync.catalog.offers import OfferedRow
from gosync.catalog.versions import FoundBy, Need, Want
from gosync.clock import format_time
from gosync.gomod.deps import Deps
from gosync.gomod.module import ModuleVersion
from gosync.site.policy import Policy, Rule
from gosync.site.rules import Pick, VersionRule
from gosync.sync.demands import Demands, select_name
from gosync.sync.keptfacts import facts_of
from gosync.sync.offer import Offer, Offered
from gosync.sync.plan import Choice, Chosen, choose
from gosync.sync.wanted import WantedSet


class Unmatched(msgspec.Struct, frozen=True):
    """A select that names a module and takes none of its versions.

    Attributes:
        select: The select's number.
        path: The module.
    """

    select: int
    path: str


class Choices(msgspec.Struct):
    """What the selects choose.

    Attributes:
        wanted: The versions.
        with_deps: Those whose dependencies come along, and how many of these.
        selects: The selects that bring the dependencies of these along.
        together: Those that one consumer may require all at once, by select.
        unmatched: What chose nothing.
        reconsider_at: When a cool-down ends that would add a version, or None.
    """

    wanted: WantedSet = msgspec.field(default_factory=WantedSet)
    with_deps: list[tuple[ModuleVersion, Deps]] = msgspec.field(default_factory=list)
    selects: dict[ModuleVersion, tuple[int, ...]] = msgspec.field(default_factory=dict)
    together: dict[int, list[ModuleVersion]] = msgspec.field(default_factory=dict)
    unmatched: list[Unmatched] = msgspec.field(default_factory=list)
    reconsider_at: str | None = None


class Chooser:
    """Applies one policy to one catalog's offers."""

    def __init__(
        self,
        catalog: Catalog,
        policy: Policy,
        *,
        now: datetime,
        found_by: FoundBy | None = None,
        demands: Demands | None = None,
    ) -> None:
        """Bind the two.

        Args:
            catalog: What is offered.
            policy: What is wanted of it.
            now: The time that cool-downs are held against.
            found_by: What named the versions, if it is neither list nor index.
            demands: Where it is recorded which select chooses what, if anywhere.
        """
        self._catalog = catalog
        self._policy = policy
        self._now = format_time(now)
        self._found_by = found_by
        self._demands = demands
        self._gone = catalog.versions.gone()
        self._kept_out = {each.mv for each in catalog.withdrawn.all()}
        self._kept_out |= {each.mv for each in catalog.rulings.denied()}
        days = max((each.versions.min_age_days for each in policy.selects), default=0)
        self._upgrade = Rule(0, VersionRule(pick=Pick.LATEST, min_age_days=days))

    def choose_all(self) -> Choices:
        """Return what is chosen of all modules together."""
        choices = Choices()
        offered = set()
        modules = {module.path: module for module in self._catalog.modules.all()}
        for path, rows in self._catalog.offers.all_by_path():
            offered.add(path)
            self._take(choices, path, self._offer(modules.get(path), path, rows))
        for path in self._policy.exact.keys() - offered:
            self._take(choices, path, self._offer(modules.get(path), path, ()))
        return choices

    def choose_of(self, path: str) -> Chosen:
        """Return what is chosen of one module."""
        rows = self._catalog.offers.of(path)
        module = self._catalog.modules.get(path)
        rules = self._policy.rules_for(path)
        return self._choose(path, rules, self._offer(module, path, rows))

    def with_deps(self, numbers: Iterable[int]) -> Iterator[int]:
        """Yield those of these selects that bring dependencies along."""
        for number in numbers:
            if self._policy.select(number).deps is not Deps.NONE:
                yield number

    def upgrade(self, path: str) -> Chosen:
        """Return what "latest" chooses of a followed module.

        Upgrades wait as long as the longest cool-down of all selects: they must
        not bring what a select would not take yet.
        """
        module = self._catalog.modules.get(path)
        offer = self._offer(module, path, self._catalog.offers.of(path))
        return choose(path, (self._upgrade,), self._left(path, offer), now=self._now)

    def _offer(
        self, module: Module | None, path: str, rows: Iterable[OfferedRow]
    ) -> Offer:
        versions = tuple(
            Offered(row.version, row.index_time, row.first_seen)
            for row in rows
            if row.listed or not self._is_gone(path, row)
        )
        if module is None:
            return Offer(versions)
        return Offer(versions, module.latest, facts_of(module))

    def _choose(self, path: str, rules: Sequence[Rule], offer: Offer) -> Chosen:
        """Choose as ever, and beside what is kept out what is chosen without it.

        What was withdrawn or denied stays chosen: it is to be known what is not given.
        """
        chosen = choose(path, rules, offer, now=self._now)
        left = self._left(path, offer)
        if left is offer:
            return chosen
        others = choose(path, rules, left, now=self._now)
        known = {each.version for each in others.choices}
        kept = (each for each in chosen.choices if each.version not in known)
        return replace(
            chosen,
            choices=(*kept, *others.choices),
            reconsider_at=sooner(chosen.reconsider_at, others.reconsider_at),
        )

    def _left(self, path: str, offer: Offer) -> Offer:
        """Return what is offered and not kept out."""
        versions = tuple(
            each
            for each in offer.versions
            if ModuleVersion(path, each.version) not in self._kept_out
        )
        if len(versions) == len(offer.versions):
            return offer
        latest = offer.latest
        if latest is not None and ModuleVersion(path, latest) in self._kept_out:
            latest = None
        return Offer(versions, latest, offer.facts)

    def _is_gone(self, path: str, row: OfferedRow) -> bool:
        """Return whether the index alone names it, and not anew since it was gone."""
        gone_at = self._gone.get(ModuleVersion(path, row.version))
        return gone_at is not None and (row.index_time or "") <= gone_at

    def _take(self, choices: Choices, path: str, offer: Offer) -> None:
        rules = self._policy.rules_for(path)
        if not rules:
            return
        chosen = self._choose(path, rules, offer)
        choices.wanted.update(self._wants(path, chosen.choices, offer))
        choices.unmatched += (Unmatched(each, path) for each in chosen.unmatched)
        choices.reconsider_at = sooner(choices.reconsider_at, chosen.reconsider_at)
        for choice in chosen.choices:
            mv = ModuleVersion(path, choice.version)
            if self._demands is not None:
                for number in choice.rules:
                    self._demands.name(select_name(number), mv, choice.need)
            if choice.deps is Deps.NONE or choice.need is not Need.ZIP:
                continue
            if mv not in self._kept_out:
                self._take_deps(choices, mv, choice)

    def _take_deps(self, choices: Choices, mv: ModuleVersion, choice: Choice) -> None:
        """Take a version with its dependencies, by itself and perhaps with others."""
        numbers = tuple(self.with_deps(choice.rules))
        choices.with_deps.append((mv, choice.deps))
        choices.selects[mv] = numbers
        for number in numbers:
            if self._policy.select(number).together:
                choices.together.setdefault(number, []).append(mv)

    def _wants(
        self, path: str, choices: Iterable[Choice], offer: Offer
    ) -> Iterator[Want]:
        offered = {each.version: each for each in offer.versions}
        for choice in choices:
            found = offered.get(choice.version)
            yield Want(
                path,
                choice.version,
                choice.need,
                self._found_by or _found_by(found, offer),
                index_time=found.index_time if found else None,
                max_zip_bytes=choice.max_zip_bytes,
            )


def _found_by(found: Offered | None, offer: Offer) -> FoundBy:
    if found is None:
        return FoundBy.CONFIG
    if found.index_time is not None:
        return FoundBy.INDEX
    return FoundBy.LATEST if found.version == offer.latest else FoundBy.LIST


def sooner(one: str | None, other: str | None) -> str | None:
    """Return the earlier of two times, either of which may not be there."""
    return min(filter(None, (one, other)), default=None)
