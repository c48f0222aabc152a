"""Asking ``@v/list`` and ``@latest`` of the modules that are due.

One small request a module: its list, or ``@latest`` where the last list was
empty (a module without tagged versions). Only a list that changed costs more:
"latest" then reads the newest go.mod, because that one says what is retracted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from gosync.catalog.modules import Module
from gosync.catalog.versions import Want
from gosync.errors import GosyncError, NotFoundError, RejectedError, StoreError
from gosync.gomod.latest import (
    GoModFacts,
    Latest,
    answer_of,
    find_latest,
    read_facts,
)
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version
from gosync.ingest.evidence import keep_evidence
from gosync.progress import Progress
from gosync.sync.plan import Offer, choose
from gosync.sync.policy import ModuleRule
from gosync.sync.pool import for_each
from gosync.sync.site import Site
from gosync.sync.tally import Tally
from gosync.upstream.answer import refusable
from gosync.upstream.proxy import ProxyClient

_COMMIT_EVERY = 200


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a module's upstream said, and what follows of it."""

    module: Module
    digest: str
    pseudo_only: bool
    latest: str | None
    wants: tuple[Want, ...]


class Lister:
    """Refreshes what is known of followed modules."""

    def __init__(
        self, site: Site, proxy: ProxyClient, tally: Tally, progress: Progress
    ) -> None:
        self._site = site
        self._proxy = proxy
        self._tally = tally
        self._progress = progress
        self._same: list[str] = []
        self._failing = {
            failure.path
            for failure in site.catalog.failures.open()
            if not failure.version
        }

    async def refresh(self, modules: Iterable[Module]) -> None:
        """Ask about these modules; one that fails is noted, the others go on.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        due = list(modules)
        if not due:
            return
        self._progress.phase("lists", len(due))
        await for_each(due, self._ask, workers=self._site.options.concurrency)
        self._commit_same()

    async def _ask(self, module: Module) -> None:
        rule = self._site.options.policy.rule_for(module.path)
        try:
            answer = await self._answer(module, rule)
        except StoreError:
            raise
        except GosyncError as exc:
            self._note(module, exc)
        else:
            self._tally.answered += 1
            self._take(answer)
        self._tally.listed += 1
        self._progress.advance()

    def _note(self, module: Module, error: GosyncError) -> None:
        self._tally.answered += isinstance(error, NotFoundError | RejectedError)
        if isinstance(error, RejectedError):
            keep_evidence(
                self._site.quarantine, module.path, error, served={}, files={}
            )
        failure = self._site.catalog.failures.record(
            module.path, "", kind="list", error=error, now=self._site.clock.now()
        )
        self._tally.fail(failure)

    async def _answer(self, module: Module, rule: ModuleRule) -> _Answer:
        if module.pseudo_only:
            latest = await self._latest(module.path)
            if latest is None or is_pseudo_version(latest):
                return self._without_list(module, rule, latest)
        listed = (await self._proxy.versions(module.path)).versions
        if not listed:
            latest = await self._latest(module.path)
            return self._without_list(module, rule, latest)
        digest = hashlib.sha256("\n".join(listed).encode()).hexdigest()
        if digest == module.list_digest and module.listed_at is not None:
            return _Answer(module, digest, pseudo_only=False, latest=None, wants=())
        offer = await self._offer(module.path, rule, listed)
        wants = tuple(choose(module.path, rule, offer))
        return _Answer(module, digest, pseudo_only=False, latest=None, wants=wants)

    async def _latest(self, path: str) -> str | None:
        try:
            return (await self._proxy.latest(path)).info.version
        except NotFoundError:
            return None  # an empty list is an answer, too

    def _without_list(
        self, module: Module, rule: ModuleRule, latest: str | None
    ) -> _Answer:
        digest = hashlib.sha256((latest or "").encode()).hexdigest()
        wants = choose(module.path, rule, Offer(latest=latest))
        return _Answer(
            module, digest, pseudo_only=True, latest=latest, wants=tuple(wants)
        )

    async def _offer(
        self, path: str, rule: ModuleRule, listed: tuple[str, ...]
    ) -> Offer:
        """Learn what "latest" means if the rule wants it; "all" does not."""
        if rule.all:
            return Offer(listed)
        found = await self._find_latest(path, listed)
        unlisted = await self._latest(path) if found.version is None else None
        return Offer(listed, found.or_unlisted(unlisted))

    async def _find_latest(self, path: str, listed: tuple[str, ...]) -> Latest:
        asking = find_latest(listed)
        try:
            version = next(asking)
            while True:
                version = asking.send(await self._facts(path, version))
        except StopIteration as end:
            return answer_of(end)

    async def _facts(self, path: str, version: str) -> GoModFacts:
        answer = await self._proxy.mod(ModuleVersion(path, version))
        with refusable(answer.served, answer.data):
            return read_facts(path, answer.data)

    def _take(self, answer: _Answer) -> None:
        module, catalog = answer.module, self._site.catalog
        same = module.listed_at is not None and (
            answer.digest == module.list_digest
            and answer.pseudo_only == module.pseudo_only
        )
        if same and module.path not in self._failing:
            self._same.append(module.path)
            if len(self._same) >= _COMMIT_EVERY:
                self._commit_same()
            return
        with catalog.transaction():
            self._tally.wanted += catalog.versions.want(answer.wants)
            catalog.failures.clear([(module.path, "")])
            catalog.modules.listed(
                module.path,
                self._site.clock.now(),
                list_digest=answer.digest,
                pseudo_only=answer.pseudo_only,
                latest=answer.latest,
            )

    def _commit_same(self) -> None:
        """Note all modules that had nothing new at once: a commit costs a sync."""
        same, self._same = self._same, []
        if same:
            self._site.catalog.modules.listed_again(same, self._site.clock.now())
