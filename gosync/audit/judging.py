"""Judging: answers held against what is here, and findings written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs
from msgspec.structs import replace

from gosync.audit.answers import (
    FileAnswer,
    IndexAnswer,
    ListAnswer,
    NewestAnswer,
    RefsAnswer,
    parse_answer,
)
from gosync.audit.checks import (
    Followed,
    SourceAnswer,
    check_agreement,
    check_index,
    check_list,
    check_notices,
    check_refs,
    check_stale,
    check_version,
)
from gosync.audit.options import AuditOptions
from gosync.audit.origins import repository_of
from gosync.audit.questions import Questions
from gosync.catalog.findings import Finding, FindingKind, Scope, Sighting
from gosync.catalog.looks import Listing, Look
from gosync.catalog.modules import Module
from gosync.catalog.versions import State, VersionRow
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.versionlist import newest
from gosync.ingest.entries import finding_entry
from gosync.site.site import Site
from gosync.sync.index import INDEX_ITEM
from gosync.sync.settling import is_known

_AT_ONE_UPSTREAM = frozenset({FindingKind.REWRITTEN, FindingKind.VANISHED})
_BY_ITS_AUTHOR = frozenset({FindingKind.RETRACTED, FindingKind.DEPRECATED})


class Judge:
    """Writes down what looks see."""

    def __init__(self, site: Site, options: AuditOptions, questions: Questions) -> None:
        self._site = site
        self._options = options
        self._questions = questions

    def judge(self, look: Look) -> None:
        """Write down what a question's answer, just written down, tells.

        Raises:
            StoreError: if the catalog or a blob cannot be read or written.
        """
        if isinstance(look.what, FileKind):
            row = self._site.catalog.versions.get(look.mv)
            assert row is not None, look
            self._judge_version(row, look.source)
        elif look.what is Listing.LIST:
            self._judge_list(look)
        elif look.what is Listing.NEWEST:
            held = self._questions.held(look.path)
            said = parse_answer(look, NewestAnswer)
            scope = Scope(look.path, None, "", _BY_ITS_AUTHOR)
            seen = check_notices(look.path, held, said)
            self._settle(scope, seen, whole=said.had)
        elif look.what is Listing.INDEX:
            self._judge_index(look)
        else:
            self._judge_refs(look)

    def _settle(
        self, scope: Scope, seen: Iterable[Sighting], *, whole: bool = True
    ) -> None:
        """Write down what was seen; what was not is over if the picture is whole."""
        catalog, now = self._site.catalog, self._site.clock.now()
        covered = scope if whole else replace(scope, kinds=frozenset())
        accept = self._site.options.accept
        with catalog.transaction():
            self._keep(catalog.findings.reconcile(covered, seen, now, accept=accept))

    def _keep(self, changed: Iterable[Finding]) -> None:
        """Let findings outlive the catalog."""
        self._site.journal.append(map(finding_entry, changed))

    def _judge_version(self, row: VersionRow, source: str) -> None:
        looks = self._site.catalog.looks
        lists = {
            look.source: look
            for look in looks.of(ModuleVersion(row.path, ""))
            if look.what is Listing.LIST
        }
        files: dict[str, dict[FileKind, FileAnswer]] = {}
        unanswered = {name for name, look in lists.items() if look.looked_at is None}
        for look in looks.of(row.mv):
            said = parse_answer(look, FileAnswer)
            assert isinstance(look.what, FileKind), look  # it is of a version
            files.setdefault(look.source, {})[look.what] = said
            if look.looked_at is None:
                unanswered.add(look.source)
        all_said = {
            each: self._source_said(row, each, lists, answers)
            for each, answers in files.items()
        }
        scope = Scope(row.path, row.version, source, _AT_ONE_UPSTREAM)
        seen = check_version(row, all_said[source])
        self._settle(scope, seen, whole=source not in unanswered)
        scope = Scope(row.path, row.version, "", frozenset({FindingKind.DIVERGED}))
        seen = check_agreement(row, all_said.values())
        self._settle(scope, seen, whole=not unanswered)

    def _source_said(
        self,
        row: VersionRow,
        source: str,
        lists: Mapping[str, Look],
        files: Mapping[FileKind, FileAnswer],
    ) -> SourceAnswer:
        listed = parse_answer(lists.get(source), ListAnswer)
        return SourceAnswer(
            source,
            gave_ours=self._questions.gave_ours(source, row),
            dropped=not listed.no and row.version in listed.dropped,
            files=files,
        )

    def _judge_list(self, look: Look) -> None:
        held = self._questions.held(look.path)
        gave_ours = any(self._questions.gave_ours(look.source, row) for row in held)
        said = parse_answer(look, ListAnswer)
        scope = Scope(look.path, "", look.source, frozenset({FindingKind.VANISHED}))
        self._settle(
            scope,
            check_list(
                look.path, look.source, said, gave_ours=gave_ours, held=len(held)
            ),
        )
        for row in held:
            self._judge_version(row, look.source)

    def _judge_index(self, look: Look) -> None:
        scope = Scope(
            INDEX_ITEM.path,
            INDEX_ITEM.version,
            look.source,
            frozenset({FindingKind.STALE}),
        )
        seen = check_index(
            INDEX_ITEM,
            look.source,
            parse_answer(look, IndexAnswer),
            now=self._site.clock.now(),
            stale_seconds=self._options.stale_seconds,
        )
        self._settle(scope, seen)

    def _judge_refs(self, look: Look) -> None:
        said = parse_answer(look, RefsAnswer)
        seen: list[Sighting] = []
        for row in self._questions.held(look.path):
            origin = self._questions.origin(row)
            repository = repository_of(origin, self._options.git_hosts)
            if origin and repository and repository.url == said.url:
                seen += check_refs(row, origin, said)
        if said.had:
            scope = Scope(look.path, None, said.url, frozenset({FindingKind.MOVED}))
            self._settle(scope, seen)

    def judge_freshness(self) -> None:
        """Write down which followed modules are behind; nobody is asked.

        Raises:
            CatalogError: if the catalog cannot be read or written.
        """
        for module in self._site.catalog.modules.all():
            said, whole = self._newest_list(module.path)
            if is_known(self._site.catalog, module.path, said.newest):
                said = structs.replace(said, newest_time="")  # since it was asked
            seen = check_stale(
                self._followed(module),
                said,
                now=self._site.clock.now(),
                stale_seconds=self._options.stale_seconds,
            )
            gone = said.no  # that is another finding, and no list can be had
            scope = Scope(module.path, "", "", frozenset({FindingKind.STALE}))
            self._settle(scope, [] if gone else seen, whole=whole)

    def _newest_list(self, path: str) -> tuple[ListAnswer, bool]:
        """Return what the first upstream says that lists a module, else any one.

        And whether that is known: it is not before any one has answered.
        """
        looks = [
            look
            for look in self._site.catalog.looks.of(ModuleVersion(path, ""))
            if look.what is Listing.LIST
        ]
        said = {look.source: parse_answer(look, ListAnswer) for look in looks}
        known = not looks or any(look.looked_at for look in looks)
        in_order = [said[each] for each in self._questions.proxies if each in said]
        listing = [each for each in in_order if each.had and not each.no]
        return next(iter(listing or in_order), ListAnswer()), known

    def _followed(self, module: Module) -> Followed:
        catalog = self._site.catalog
        offered = [row.version for row in catalog.offers.of(module.path) if row.listed]
        top = newest(v for v in offered if not is_pseudo_version(v)) or ""
        failure = catalog.failures.get(ModuleVersion(module.path, top)) if top else None
        interval = self._site.options.list_interval_seconds
        return Followed(
            path=module.path,
            listed_at=module.listed_at,
            newest=top,
            waiting_since=None if failure is None else failure.first_at,
            limit_seconds=interval + self._options.stale_seconds,
        )

    def settle_unasked(self) -> None:
        """Settle what no further look will: its kind is accepted, or nobody is asked.

        Raises:
            CatalogError: if the catalog cannot be read or written.
        """
        findings, now = self._site.catalog.findings, self._site.clock.now()
        for finding in findings.open():
            with self._site.catalog.transaction():
                if reason := self._why_over(finding):
                    self._keep([findings.settle(finding.id, now, reason=reason)])
                elif finding.kind in self._site.options.accept:
                    self._keep([findings.accept(finding.id, now)])

    def _why_over(self, finding: Finding) -> str:
        """Return why nobody is asked about a finding any more, "" if somebody is.

        Of a version that a sync refused only the next sync can tell, and its source
        may be where a redirect led.
        """
        if finding.path and finding.version:
            row = self._site.catalog.versions.get(finding.mv)
            if row is None or row.state is State.FORGOTTEN:
                return "the version is kept no longer"
            if row.state is State.REJECTED:
                return ""
        if finding.source and not self._questions.may_ask(finding):
            return f"{finding.source} is asked no longer"
        return ""
