"""Completeness: how much of what is selected is here; the one place that counts it.

``sync``, ``plan``, ``status``, ``list``, status.json, metrics and exit codes read
what is counted here. A version that is selected is in exactly one of these:

    present    here as it is selected, whole or its ``.mod`` alone
    omitted    its zip is larger than whoever selects it wants it
    withdrawn  the operator withdrew it
    denied     the policy keeps its zip out
    missing    not here: waiting, failed, refused (bytes broke a rule) or gone

Missing, too, are named modules of which there is nothing, and what the rules choose
of what is offered while no selection was made of it yet: a pass that was killed, or
is at work.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import asdict

from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.selected_counts import SelectedCount
from gosync.catalog.selections import CONFIGURED
from gosync.catalog.trees import Unpublished
from gosync.catalog.versions import Need, State, VersionRole
from gosync.errors import GosyncError, SecurityError
from gosync.gomod.patterns import PatternSet, literal_prefix
from gosync.site.options import SiteOptions
from gosync.sync.choosing import Chooser
from gosync.sync.emptymodules import EmptyModule, find_empty_modules
from gosync.sync.fingerprint import fingerprint_of, is_same_configuration
from gosync.sync.projects import ConfiguredProject, read_projects
from gosync.sync.selection import Selection

SOME_MISSING: Final = 3
_MOST_OFFERS: Final = 200_000  # to choose from more takes seconds


class VersionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of selected versions.

    Attributes:
        present: Those that are here.
        zips: Those of them that are here whole: what can be built with.
        chosen: Those of the zips that a select chooses or a command named.
        dependencies: Those that other versions and projects need.
        tools: Those that are go toolchains.
        go_mods: Those of them of which the ``.mod`` alone is selected.
        omitted: Those whose zip is too large to be wanted.
        withdrawn: Those that the operator withdrew.
        denied: Those that the policy keeps out.
        waiting: Missing, and not tried yet.
        failed: Missing: no answer, or none that helps.
        refused: Missing: bytes came and broke a rule.
        gone: Missing: upstream said no for certain.
    """

    present: int = 0
    zips: int = 0
    chosen: int = 0
    dependencies: int = 0
    tools: int = 0
    go_mods: int = 0
    omitted: int = 0
    withdrawn: int = 0
    denied: int = 0
    waiting: int = 0
    failed: int = 0
    refused: int = 0
    gone: int = 0

    @property
    def missing(self) -> int:
        """Those that are not here and ought to be."""
        return self.waiting + self.failed + self.refused + self.gone

    @property
    def selected(self) -> int:
        """All of them."""
        kept_out = self.omitted + self.withdrawn + self.denied
        return self.present + kept_out + self.missing


class UnreadProject(msgspec.Struct, frozen=True):
    """A configured project whose files cannot be read, and why."""

    project: str
    reason: str


class CompletenessReport(msgspec.Struct, frozen=True, kw_only=True):
    """``selection`` in documents; its fields are the keys, of Completeness.

    Lists are of modules and patterns, which are few; versions are counted.
    """

    complete: bool
    current: bool
    whole: bool
    computed_at: str | None
    reconsider_at: str | None
    selected: int
    present: int
    zips: int
    chosen: int
    dependencies: int
    tools: int
    go_mods: int
    omitted: int
    withdrawn: int
    denied: int
    waiting: int
    failed: int
    refused: int
    gone: int
    missing: int
    missing_versions: int
    to_select: int | None
    empty_modules: tuple[EmptyModule, ...]
    unmatched_patterns: tuple[str, ...]
    unread_projects: tuple[UnreadProject, ...]
    unpublished: tuple[Unpublished, ...]


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what is selected is here.

    Attributes:
        versions: What is selected, version by version.
        empty_modules: Named modules of which there is nothing.
        unmatched: Patterns that match nothing yet, which is no fault.
        to_select: Versions that the rules choose of what is offered and that no
            selection has yet; dependencies come on top. 0 for a current selection,
            None where there is too much to choose from to tell.
        unread_projects: Projects whose files cannot be read, and why.
        unpublished: What is carried and the tree cannot show.
        failures: What failed and is still configured and selected.
        made_at: When the selection was made, None for never.
        is_current: Whether it was made of the configuration of now, and no offer
            since then adds to it.
        is_rebuilt: Whether versions are here and no selection was made of them yet:
            a catalog that was rebuilt knows no selection. Then it is not known that
            anything is missing, nor that nothing is.
        is_whole: Whether every go.mod was there that it had to read.
        reconsider_at: When a cool-down ends that would add a version, or None.
    """

    versions: VersionCounts
    empty_modules: tuple[EmptyModule, ...] = ()
    unmatched: tuple[str, ...] = ()
    to_select: int | None = 0
    unread_projects: tuple[tuple[str, str], ...] = ()
    unpublished: tuple[Unpublished, ...] = ()
    failures: tuple[Failure, ...] = ()
    made_at: str | None = None
    is_current: bool = True
    is_rebuilt: bool = False
    is_whole: bool = True
    reconsider_at: str | None = None

    @property
    def missing(self) -> int:
        """What is not here and ought to be: versions, and modules without any."""
        modules = sum(module.is_missing for module in self.empty_modules)
        return self.versions.missing + modules + (self.to_select or 0)

    @property
    def is_complete(self) -> bool:
        """Whether all is known that is selected, and all of it is here and shown."""
        return self.is_current and self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """6 for evidence of misbehaviour, 3 when something is missing, else 0."""
        if self.missing or not (self.is_current or self.is_rebuilt):
            return self.exit_code_of_plan or SOME_MISSING
        return self.exit_code_of_plan

    @property
    def exit_code_of_plan(self) -> int:
        """The same, where what was not tried yet is no fault: a sync would bring it."""
        if any(f.exit_code == SecurityError.exit_code for f in self.failures):
            return SecurityError.exit_code
        wrong = (
            not self.is_whole,
            any(module.is_missing for module in self.empty_modules),
            self.failures,
            self.unread_projects,
            self.unpublished,
        )
        return SOME_MISSING if any(wrong) else 0

    def report(self) -> CompletenessReport:
        """Return it as a document, the same wherever it is shown."""
        unread = (UnreadProject(*each) for each in self.unread_projects)
        return CompletenessReport(
            complete=self.is_complete,
            current=self.is_current,
            whole=self.is_whole,
            computed_at=self.made_at,
            reconsider_at=self.reconsider_at,
            selected=self.versions.selected,
            **asdict(self.versions),
            missing=self.missing,
            missing_versions=self.versions.missing,
            to_select=self.to_select,
            empty_modules=self.empty_modules,
            unmatched_patterns=self.unmatched,
            unread_projects=tuple(unread),
            unpublished=self.unpublished,
        )

    def troubles(self) -> Iterator[str]:
        """Yield a name for each thing that is wrong, the same at every pass."""
        for failure in self.failures:
            yield f"{failure.path}@{failure.version}"
        for module in self.empty_modules:
            if module.is_missing:
                yield f"{module.path}@"
        yield from (f"project {name}" for name, _ in self.unread_projects)
        yield from (f"unpublished {u.path}@{u.version}" for u in self.unpublished)
        told = sum(bool(each.path and each.version) for each in self.failures)
        if self.versions.missing > told or not self.is_current:
            yield "versions to come"
        if not self.is_whole:
            yield "incomplete selection"


class CompletenessReader:
    """Reads how complete one site is, from its catalog and its configuration."""

    def __init__(
        self,
        catalog: Catalog,
        options: SiteOptions,
        now: datetime,
        *,
        projects: tuple[ConfiguredProject, ...] | None = None,
    ) -> None:
        """Bind them.

        Args:
            catalog: What is known.
            options: What is configured.
            now: The time that cool-downs are held against.
            projects: The projects as they were read; None to read them here.
        """
        self._catalog = catalog
        self._options = options
        self._now = now
        self._projects = projects
        self._state = catalog.selections.get(CONFIGURED)
        self._is_fed = catalog.imports.newest() is not None

    def read(self) -> Completeness:
        """Count.

        Raises:
            CatalogError: if the catalog cannot be read.
        """
        counts = count_versions(self._catalog)
        tree = str(self._options.tree_path)
        common = Completeness(
            versions=counts,
            unpublished=tuple(self._catalog.trees.unpublished(tree)),
            failures=tuple(self._open_failures()),
        )
        if self._is_fed:  # bundles bring the selection, whole
            return common
        return self._with_selection(common)

    def _open_failures(self) -> Iterator[Failure]:
        """Yield the failures of what is configured and selected, none that is over."""
        withdrawn = {each.mv for each in self._catalog.withdrawn.all()}
        for failure in Selection(self._catalog, self._options).open_failures():
            if failure.mv not in withdrawn:
                yield failure

    def _with_selection(self, common: Completeness) -> Completeness:
        catalog, policy, state = self._catalog, self._options.policy, self._state
        chooser = Chooser(catalog, policy, now=self._now)
        projects, unread = self._read_projects()
        made_of = fingerprint_of(self._options, catalog, projects)
        is_as_made = state is not None and state.fingerprint == made_of
        to_select = 0 if is_as_made else self._to_select(chooser)
        is_rebuilt = state is None and catalog.versions.has_whole()
        is_same = state is not None and is_same_configuration(
            state.fingerprint, made_of
        )
        return msgspec.structs.replace(
            common,
            empty_modules=tuple(
                find_empty_modules(catalog, policy, chooser, selected=not is_rebuilt)
            ),
            is_rebuilt=is_rebuilt,
            unmatched=tuple(self._unmatched_patterns()),
            to_select=to_select,
            unread_projects=unread,
            made_at=state.computed_at if state else None,
            is_current=is_as_made
            or (to_select == 0 and (is_same or self._selects_nothing)),
            is_whole=state is None or state.complete,
            reconsider_at=state.reconsider_at if state else None,
        )

    def _read_projects(
        self,
    ) -> tuple[tuple[ConfiguredProject, ...], tuple[tuple[str, str], ...]]:
        """Return the projects that can be read, and those that cannot, with why."""
        if self._projects is not None:
            return self._projects, ()
        found: list[ConfiguredProject] = []
        unread: list[tuple[str, str]] = []
        for spec in self._options.projects:
            try:
                found += read_projects([spec])
            except GosyncError as exc:
                unread.append((str(spec.path), str(exc)))
        return tuple(found), tuple(unread)

    @property
    def _selects_nothing(self) -> bool:
        options = self._options
        return not (
            options.policy.selects
            or options.projects
            or options.recorded
            or options.follow_url
            or options.toolchains.versions
        )

    def _to_select(self, chooser: Chooser) -> int | None:
        """Return how much the rules choose that no selection has yet."""
        if self._catalog.offers.are_more_than(_MOST_OFFERS):
            return None
        needs = self._catalog.selected_counts.needs()
        withdrawn = {each.mv for each in self._catalog.withdrawn.all()}
        return sum(
            needs.get(want.mv) not in (want.need, Need.ZIP)
            for want in chooser.choose_all().wanted
            if want.mv not in withdrawn
        )

    def _unmatched_patterns(self) -> Iterator[str]:
        """Yield the patterns that found no module yet."""
        for pattern in self._options.policy.patterns:
            paths = self._catalog.modules.paths(literal_prefix(pattern))
            if not any(map(PatternSet([pattern]).match, paths)):
                yield pattern


def count_versions(catalog: Catalog) -> VersionCounts:
    """Count the selected versions.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    numbers = dict.fromkeys(VersionCounts.__struct_fields__, 0)
    for each in catalog.selected_counts.by_state():
        for name in _names(each):
            numbers[name] += each.count
    tried = catalog.selected_counts.tried()
    numbers["waiting"] -= tried
    numbers["failed"] += tried
    return VersionCounts(**numbers)


_NAMES: Final = {
    State.WANTED: "waiting",
    State.FAILED: "failed",
    State.REJECTED: "refused",
    State.GONE: "gone",
    State.OMITTED: "omitted",
}
_ROLES: Final = {
    VersionRole.CHOSEN: "chosen",
    VersionRole.DEPENDENCY: "dependencies",
    VersionRole.TOOL: "tools",
}


def _names(each: SelectedCount) -> tuple[str, ...]:
    if each.withdrawn:
        return ("withdrawn",)
    if each.denied and each.selected is Need.ZIP:
        return ("denied",)
    if each.state is State.PRESENT:
        if each.selected is Need.MOD:
            return ("present", "go_mods")
        return ("present", "zips", _ROLES[each.role])
    return (_NAMES[each.state],)
