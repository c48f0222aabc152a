"""Questions about a module: its list, and what its newest version's go.mod says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import partial

from msgspec.structs import replace

from gosync.audit.answers import (
    MAX_REASON_CHARACTERS,
    MAX_RETRACTIONS,
    MAX_VERSION_CHARACTERS,
    ListAnswer,
    NewestAnswer,
    parse_answer,
)
from gosync.audit.budget import BudgetSpentError
from gosync.audit.metered import (
    NO_VALIDATORS,
    MeteredAnswer,
    MeteredProxy,
    validators_of,
)
from gosync.audit.questions import Questions
from gosync.catalog.looks import Listing, Look
from gosync.catalog.versions import FoundBy, VersionRow
from gosync.errors import (
    NotFetchedError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import format_time, parse_info
from gosync.gomod.modfile import parse_lax
from gosync.gomod.module import ModuleVersion, check
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.versionlist import newest, read_list
from gosync.ingest.storesource import StoreSource
from gosync.site.site import Site
from gosync.sync.settling import is_known
from gosync.upstream.proxy import INFO_LIMIT_BYTES, LIST_LIMIT_BYTES, MOD_LIMIT_BYTES
from gosync.upstream.reading import look_up, parse_apart
from gosync.upstream.revisits import Revisit
from gosync.upstream.targets import file_target, latest_target, list_target
from gosync.upstream.urls import module_path_on_wire


class ModuleAsker:
    """Asks one proxy about modules."""

    def __init__(self, site: Site, questions: Questions, proxy: MeteredProxy) -> None:
        self._site = site
        self._questions = questions
        self._proxy = proxy
        self._own = StoreSource(site.catalog.versions, site.blobs, site.clock)

    async def ask_list(self, look: Look) -> MeteredAnswer:
        """Ask for the list; errors are those of ``ProxyAsker.ask``."""
        before = parse_answer(look, ListAnswer)
        rows = self._questions.held(look.path)
        held = [row for row in rows if not is_pseudo_version(row.version)]
        digest = _digest(row.version for row in held)
        # What the last answer says of other versions than these nobody kept.
        same = before.held == digest
        known = validators_of(look, before) if same else NO_VALIDATORS
        target = list_target(look.path)
        try:
            got = await self._proxy.get(target, known, limit_bytes=LIST_LIMIT_BYTES)
        except NotFoundError:
            return MeteredAnswer(replace(before, no=True))
        said = replace(before, no=False)
        if got.changed:
            read = partial(read_list, got.body, path=look.path, look_up=look_up)
            listed = (await parse_apart(read, len(got.body))).versions
            said = self._read_list(look, before, held, listed)
            said = replace(said, held=digest)
        since = await self._unknown_since(look, before, said.newest)
        if said.newest != before.newest:
            self._site.catalog.looks.make_due(look.path, Listing.NEWEST)
        return MeteredAnswer(
            replace(said, newest_time=since), got.validators, got.changed
        )

    def _read_list(
        self,
        look: Look,
        before: ListAnswer,
        held: list[VersionRow],
        versions: Iterable[str],
    ) -> ListAnswer:
        listed = [
            version for version in versions if len(version) <= MAX_VERSION_CHARACTERS
        ]
        named = {row.version for row in held} & set(listed)
        dropped = self._named_once(look, before, held) - named
        return ListAnswer(
            had=True,
            named=tuple(sorted(named)),
            dropped=tuple(sorted(dropped)),
            newest=newest(listed, allow_incompatible=False) or "",
        )

    def _named_once(
        self, look: Look, before: ListAnswer, held: list[VersionRow]
    ) -> set[str]:
        """Return which of the held versions this list is known to have named."""
        named = {*before.named, *before.dropped}
        offers = self._site.catalog.offers.of(look.path)
        listed = {offer.version for offer in offers if offer.listed}
        for row in held:
            once = row.found_by is FoundBy.LIST or row.version in listed
            if once and self._questions.gave_ours(look.source, row):
                named.add(row.version)
        return named & {row.version for row in held}

    async def _unknown_since(self, look: Look, before: ListAnswer, top: str) -> str:
        """Return when the newest version was made, "" if it is known here."""
        if not top or is_known(self._site.catalog, look.path, top):
            return ""
        if before.newest == top and before.newest_time:
            return before.newest_time
        target = file_target(ModuleVersion(look.path, top), FileKind.INFO)
        try:
            got = await self._proxy.get(
                target, NO_VALIDATORS, limit_bytes=INFO_LIMIT_BYTES
            )
            time = parse_info(got.body).time
        except (BudgetSpentError, NotFoundError, RejectedError, UnavailableError):
            return ""  # the next look may tell
        return "" if time is None else format_time(time)

    async def ask_newest(self, look: Look) -> MeteredAnswer:
        """Ask for the newest go.mod; errors are those of ``ProxyAsker.ask``.

        Of a version that is held the proven one is here, and nobody is asked.
        """
        before = parse_answer(look, NewestAnswer)
        listed = parse_answer(self._list_look(look), ListAnswer)
        if listed.no or not listed.had:
            return MeteredAnswer(before, asked=False)  # the list decides what is asked
        try:
            version = listed.newest or await self._latest(look.path)
            data = await self._held_go_mod(ModuleVersion(look.path, version))
            if data is not None:
                return MeteredAnswer(_notices(version, data), asked=not listed.newest)
            got = await self._go_mod(look, before, version)
        except NotFoundError:
            return MeteredAnswer(replace(before, no=True))
        if not got.changed:
            return MeteredAnswer(
                replace(before, no=False), got.validators, changed=False
            )
        said = await parse_apart(partial(_notices, version, got.body), len(got.body))
        return MeteredAnswer(said, got.validators)

    def _list_look(self, look: Look) -> Look | None:
        for each in self._site.catalog.looks.of(ModuleVersion(look.path, "")):
            if (each.source, each.what) == (look.source, Listing.LIST):
                return each
        return None

    async def _latest(self, path: str) -> str:
        got = await self._proxy.get(
            latest_target(path), NO_VALIDATORS, limit_bytes=INFO_LIMIT_BYTES
        )
        version = parse_info(got.body).version
        check(path, version)
        return version

    async def _held_go_mod(self, mv: ModuleVersion) -> bytes | None:
        path = module_path_on_wire(file_target(mv, FileKind.MOD))
        try:
            return (await self._own.get(path, limit_bytes=MOD_LIMIT_BYTES)).body
        except NotFetchedError:
            return None

    async def _go_mod(self, look: Look, before: NewestAnswer, version: str) -> Revisit:
        same = before.version == version
        known = validators_of(look, before) if same else NO_VALIDATORS
        target = file_target(ModuleVersion(look.path, version), FileKind.MOD)
        return await self._proxy.get(target, known, limit_bytes=MOD_LIMIT_BYTES)


def _digest(versions: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(versions)).encode()).hexdigest()


def _notices(version: str, data: bytes) -> NewestAnswer:
    try:
        parsed = parse_lax(data)
    except RejectedError:  # Go takes nothing from a broken one, either
        return NewestAnswer(had=True, version=version)
    return NewestAnswer(
        had=True,
        version=version,
        retracted=tuple(
            (each.low, each.high, each.rationale[:MAX_REASON_CHARACTERS])
            for each in parsed.retract[:MAX_RETRACTIONS]
            if max(len(each.low), len(each.high)) <= MAX_VERSION_CHARACTERS
        ),
        deprecated=parsed.deprecated[:MAX_REASON_CHARACTERS],
    )
