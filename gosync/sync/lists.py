"""Version lists: ``@v/list`` and ``@latest`` of the modules that are due.

One small request a module: its list, or ``@latest`` where the last list was
empty (a module without tagged versions). Where an upstream has no ``@latest``, the
latest commit among listed pseudo-versions counts, as for ``go``; where nobody has a
list, ``@latest`` counts beside what was listed before, and what is found by probing
(``probing``) where the operator wants that. What they say becomes the catalog's offers;
what is wanted of these is not decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from gosync.catalog.modules import Module
from gosync.catalog.versions import State
from gosync.errors import (
    GosyncError,
    NotFoundError,
    RejectedError,
    StoreError,
    UpstreamStatusError,
)
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.semver import sort_versions
from gosync.ingest.evidence import keep_evidence
from gosync.site.configured import LIST, upstream_of
from gosync.site.site import Site
from gosync.sync.probing import probe_versions
from gosync.sync.tally import Tally
from gosync.upstream.proxy import ProxyClient
from gosync.work.pool import for_each
from gosync.work.progress import Progress

_COMMIT_EVERY = 200
_NOT_THERE = {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}


class _Answer(msgspec.Struct, frozen=True):
    """What a module's upstream said.

    Attributes:
        listed: ``@v/list``'s versions, ascending.
        latest: What ``@latest`` named; asked for only when nothing is listed.
    """

    module: Module
    listed: tuple[str, ...] = ()
    latest: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Every version that the answer names."""
        return self.listed or ((self.latest,) if self.latest else ())

    @property
    def digest(self) -> str:
        """Changes when the answer does."""
        return hashlib.sha256("\n".join(self.named).encode()).hexdigest()

    @property
    def says_the_same(self) -> bool:
        """Whether the module's last answer was this one."""
        return (
            self.module.listed_at is not None
            and self.module.list_digest == self.digest
            and self.module.pseudo_only is not bool(self.listed)
        )


class Lister:
    """Refreshes what is known of followed modules; one is for one pass."""

    def __init__(
        self, site: Site, proxy: ProxyClient, tally: Tally, progress: Progress
    ) -> None:
        self._site = site
        self._proxy = proxy
        self._tally = tally
        self._progress = progress
        self._same: list[str] = []
        self._asked: set[str] = set()
        self._failing = {
            failure.path
            for failure in site.catalog.failures.open()
            if not failure.version
        }

    async def refresh(
        self,
        modules: Iterable[Module],
        *,
        is_guessed: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Ask about these modules, each once; one that fails is noted.

        Args:
            modules: The modules.
            is_guessed: Whether there may be no such modules, which is no failure.
            progress: Who is told; who watches the pass when None.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        due = [each for each in modules if each.path not in self._asked]
        if not due:
            return
        self._asked.update(each.path for each in due)
        watched = progress or self._progress
        watched.phase("lists", len(due))

        async def ask(module: Module) -> None:
            await self._ask(module, is_guessed=is_guessed)
            watched.advance()

        await for_each(due, ask, workers=self._site.options.concurrency)
        self._commit_same()

    async def _ask(self, module: Module, *, is_guessed: bool) -> None:
        try:
            answer = await self._answer(module, is_guessed=is_guessed)
        except StoreError:
            raise
        except GosyncError as exc:
            if is_guessed and isinstance(exc, NotFoundError):
                self._take(_Answer(module))
            else:
                self._note(module, exc)
        else:
            self._tally.answered += 1
            self._take(answer)
        self._tally.listed += 1

    def _note(self, module: Module, error: GosyncError) -> None:
        self._tally.hear(error)
        if isinstance(error, RejectedError):
            keep_evidence(
                self._site.quarantine, module.path, error, served={}, files={}
            )
        failure = self._site.catalog.failures.record(
            ModuleVersion(module.path, ""),
            kind=LIST,
            error=error,
            now=self._site.clock.now(),
            upstream=upstream_of(self._site.options, LIST),
        )
        self._failing.add(module.path)
        self._tally.fail(failure)

    async def _answer(self, module: Module, *, is_guessed: bool) -> _Answer:
        latest: str | None = None
        if module.pseudo_only:
            latest = await self._latest(module.path)
            if latest is not None and is_pseudo_version(latest):
                return _Answer(module, latest=latest)
        try:
            said = await self._proxy.versions(module.path)
        except NotFoundError:
            answer = None if is_guessed else await self._without_list(module)
            if answer is None:
                raise
            return answer
        self._tally.list_skipped.update(said.left_out)
        if said.versions:
            return _Answer(module, said.versions)
        if not module.pseudo_only:
            latest = await self._latest(module.path)
        return _Answer(module, latest=latest or said.commit)

    async def _without_list(self, module: Module) -> _Answer | None:
        """Return what can be found out of a module that nobody lists; None for nothing.

        What was listed before stays: that a list is gone says nothing of versions.
        """
        path, catalog = module.path, self._site.catalog
        latest = await self._latest(path)
        listed = {each.version for each in catalog.offers.of(path) if each.listed}
        if latest is not None and not is_pseudo_version(latest):
            listed.add(latest)
        if self._site.options.probe_versions:
            rows = catalog.versions.of(path)
            present = {each.version for each in rows if each.state is State.PRESENT}
            known = listed | present
            listed = set(await probe_versions(self._proxy, path, known))
        elif latest is None:
            return None
        if not listed and latest is None:
            return None
        return _Answer(module, tuple(sort_versions(listed)), latest)

    async def ask_latest(self, path: str) -> bool:
        """Ask ``@latest`` although something is listed; False if that failed.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        module = self._site.catalog.modules.get(path) or Module(path)
        try:
            latest = await self._latest(path)
        except StoreError:
            raise
        except GosyncError as exc:
            self._note(module, exc)
            return False
        catalog, now = self._site.catalog, self._site.clock.now()
        with catalog.transaction():
            catalog.modules.set_latest(path, latest)
            if latest is not None:
                rows = catalog.offers.of(path)
                listed = [row.version for row in rows if row.listed]
                catalog.offers.listed(path, [*listed, latest], now)
        return True

    async def _latest(self, path: str) -> str | None:
        try:
            return (await self._proxy.latest(path)).info.version
        except NotFoundError:
            return None  # an empty list is an answer, too
        except UpstreamStatusError as exc:
            if exc.status in _NOT_THERE:
                return None
            raise

    def _take(self, answer: _Answer) -> None:
        module, catalog = answer.module, self._site.catalog
        if answer.says_the_same and module.path not in self._failing:
            self._same.append(module.path)
            if len(self._same) >= _COMMIT_EVERY:
                self._commit_same()
            return
        now = self._site.clock.now()
        with catalog.transaction():
            catalog.offers.listed(module.path, answer.named, now)
            catalog.failures.clear([ModuleVersion(module.path, "")])
            catalog.modules.listed(
                module.path,
                now,
                list_digest=answer.digest,
                pseudo_only=not answer.listed,
                latest=answer.latest,
            )
        self._failing.discard(module.path)

    def _commit_same(self) -> None:
        """Note all modules that had nothing new at once: a commit costs a sync."""
        same, self._same = self._same, []
        if same:
            self._site.catalog.modules.listed_again(same, self._site.clock.now())
