"""Facts of a module: what its newest go.mod says about its versions, kept with it.

Retractions and the deprecation stand in the go.mod of the highest listed version
(https://go.dev/ref/mod#go-mod-file-retract), and whether ``+incompatible``
versions count is told by the highest compatible one. Which these are is Go's rule
of "latest" (gosync.gomod.latest), so that rule is gone through here. The go.mod
files come through the gate like any other, so that nobody can retract a version
but its author. They are asked for when a module's list has changed; until then
what was known before holds.

Where the rule ends with nothing, because all that is listed is retracted, what
``@latest`` names counts, and is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

import anyio
import msgspec

from gosync.errors import RejectedError
from gosync.gomod.latest import GoModFacts, Latest, answer_of, find_latest, read_facts
from gosync.gomod.modfile import parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version
from gosync.site.site import Site
from gosync.sync.gomods import GoModSource
from gosync.sync.keptfacts import FactsDocument
from gosync.sync.lists import Lister

_SAYS_NOTHING = GoModFacts(is_own=False)


async def learn_facts(site: Site, source: GoModSource, lister: Lister) -> None:
    """Learn what is lacking since a list has changed.

    A go.mod that cannot be had leaves the module as it is, until a later pass.

    Raises:
        StoreError: if the store or the catalog cannot be read or written.
    """
    questions = [
        _Question(path, _listed(site, path))
        for path in site.catalog.modules.lacking_facts()
    ]
    while wanted := [each.wanted for each in questions if each.wanted is not None]:
        await source.bring(wanted)
        await anyio.to_thread.run_sync(_go_on, questions, source)
    found = []
    for question in questions:
        if (latest := question.latest) is None:
            continue
        nothing_left = latest.version is None and latest.top is not None
        if nothing_left and not await lister.ask_latest(question.path):
            continue
        document = await anyio.to_thread.run_sync(question.document, source)
        found.append((question.path, document))
    with site.catalog.transaction():
        site.catalog.modules.set_facts(found)


def _go_on(questions: Iterable[_Question], source: GoModSource) -> None:
    for question in questions:
        question.go_on(source)


def _listed(site: Site, path: str) -> list[str]:
    rows = site.catalog.offers.of(path)
    return [r.version for r in rows if r.listed and not is_pseudo_version(r.version)]


class _Question:
    """Which version "latest" means of one module, on its way to the answer.

    Attributes:
        path: The module.
        wanted: Whose go.mod decides next; None at the end.
        latest: The answer; None as long as there is none, or none can be had.
    """

    def __init__(self, path: str, listed: Iterable[str]) -> None:
        self.path = path
        self.wanted: ModuleVersion | None = None
        self.latest: Latest | None = None
        self._own: dict[str, bool] = {}
        self._steps = find_latest(sorted(listed))
        self._step(None)

    def go_on(self, source: GoModSource) -> None:
        """Take what the go.mod says that was wanted; an absent one ends it."""
        if (mv := self.wanted) is None:
            return
        self.wanted = None
        if (data := source.read(mv)) is not None:
            said = _read(self.path, data)
            self._own[mv.version] = said.is_own
            self._step(said)

    def _step(self, said: GoModFacts | None) -> None:
        try:
            version = next(self._steps) if said is None else self._steps.send(said)
            self.wanted = ModuleVersion(self.path, version)
        except StopIteration as end:
            self.latest = answer_of(end)

    def document(self, source: GoModSource) -> str:
        """Return what was learned, as JSON."""
        assert self.latest is not None
        top = self.latest.top or ""
        data = source.read(ModuleVersion(self.path, top)) if top else None
        kept = FactsDocument(
            top,
            self._own,
            [(each.low, each.high) for each in self.latest.facts.retracted],
            "" if data is None else _deprecated(data),
        )
        return msgspec.json.encode(kept).decode()


def _read(path: str, data: bytes) -> GoModFacts:
    try:
        return read_facts(path, data)
    except RejectedError:  # Go takes nothing from a broken one, either
        return _SAYS_NOTHING


def _deprecated(data: bytes) -> str:
    try:
        return parse_lax(data).deprecated
    except RejectedError:
        return ""
