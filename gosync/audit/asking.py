"""Asking one proxy one question: a request, or a few, and the answer to keep.

A changed file that is not what it must be goes to quarantine as evidence: what an
upstream served today it may serve never again. Zips go through staging, for their
``h1:`` alone, and never into the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread
from msgspec.structs import replace

from gosync.audit.budget import Budget, BudgetSpentError
from gosync.audit.checks import must_be
from gosync.audit.questions import Questions
from gosync.audit.said import (
    MAX_REASON_CHARACTERS,
    MAX_RETRACTIONS,
    MAX_VALUE_CHARACTERS,
    MAX_VERSION_CHARACTERS,
    FileSaid,
    ListSaid,
    NewestSaid,
    Said,
    parse_said,
)
from gosync.catalog.looks import Look, What
from gosync.catalog.versions import FoundBy, VersionRow
from gosync.errors import (
    ChecksumMismatchError,
    MalformedError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from gosync.gomod.dirhash import hash_go_mod, scan_zip
from gosync.gomod.info import format_time, parse_info
from gosync.gomod.modfile import parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.versionlist import newest, parse_list
from gosync.ingest.evidence import keep_evidence
from gosync.store.digest import Digest
from gosync.sync.site import Site
from gosync.upstream.http import Fetcher
from gosync.upstream.proxy import (
    INFO_LIMIT_BYTES,
    LIST_LIMIT_BYTES,
    MOD_LIMIT_BYTES,
    ZIP_LIMIT_BYTES,
    file_target,
    latest_target,
    list_target,
)
from gosync.upstream.revisits import Revisit, Revisits, Validators

_NOTHING = Validators()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer.

    Attributes:
        said: What to keep of it.
        validators: What to send the next time.
        changed: False where the upstream said that nothing has.
        asked: False where what is here already was enough to tell.
    """

    said: Said
    validators: Validators = _NOTHING
    changed: bool = True
    asked: bool = True


class ProxyAsker:
    """Asks one proxy."""

    def __init__(
        self,
        site: Site,
        questions: Questions,
        revisits: Revisits,
        fetcher: Fetcher,
        budget: Budget,
    ) -> None:
        self._site = site
        self._questions = questions
        self._revisits = revisits
        self._fetcher = fetcher
        self._budget = budget

    async def ask(self, look: Look) -> Answer:
        """Ask a question.

        Raises:
            BudgetSpentError: if no request is left.
            UnavailableError: if there is no answer.
            RejectedError: if the answer makes no sense.
            StoreError: if the store or the catalog cannot be read or written.
        """
        if look.what is What.LIST:
            return await self._ask_list(look)
        if look.what is What.NEWEST:
            return await self._ask_newest(look)
        return await self._ask_file(look)

    # A version's files.

    async def _ask_file(self, look: Look) -> Answer:
        before = parse_said(look, FileSaid)
        row = self._site.catalog.versions.get(look.path, look.version)
        assert row is not None, look
        mv = ModuleVersion(look.path, look.version)
        try:
            if look.what is What.ZIP:
                return await self._ask_zip(mv, row, look, before)
            limit = INFO_LIMIT_BYTES if look.what is What.INFO else MOD_LIMIT_BYTES
            target = file_target(mv, look.what.value)
            known = _validators(look, before)
            got = await self._get(target, known, limit_bytes=limit)
        except NotFoundError:
            return Answer(replace(before, no=True))
        if not got.changed:
            return _as_before(before, got)
        value = _commit(mv, got.body) if look.what is What.INFO else _mod(mv, got.body)
        return self._answer(look, row, before, value, got, got.body)

    async def _ask_zip(
        self, mv: ModuleVersion, row: VersionRow, look: Look, before: FileSaid
    ) -> Answer:
        blobs = self._site.blobs
        blobs.check_space(0, min_free_bytes=self._site.options.min_free_bytes)
        target, known = file_target(mv, "zip"), _validators(look, before)
        with blobs.stage() as staged:

            def restart() -> Callable[[bytes], object]:
                staged.restart()
                return staged.write

            got = await self._paid(
                lambda: self._revisits.download(
                    target, restart, known, limit_bytes=ZIP_LIMIT_BYTES
                )
            )
            if not got.changed:
                return _as_before(before, got)
            scan = await to_thread.run_sync(
                scan_zip, staged.read_at, staged.size_bytes, mv
            )
            return self._answer(look, row, before, scan.h1, got, staged.path)

    def _answer(
        self,
        look: Look,
        row: VersionRow,
        before: FileSaid,
        value: str,
        got: Revisit,
        content: Path | bytes,
    ) -> Answer:
        said = FileSaid(had=True, value=value, first=before.first or value)
        gave_ours = self._questions.gave_ours(look.source, row)
        want = must_be(row, look.what, said, gave_ours=gave_ours)
        if want and value and want != value:
            evidence = self._keep(look, want, value, got, content)
            said = replace(said, evidence=evidence)
        return Answer(said, got.validators)

    def _keep(
        self, look: Look, want: str, value: str, got: Revisit, content: Path | bytes
    ) -> str:
        subject = f"{look.path}@{look.version}"
        error = ChecksumMismatchError(
            f"{subject} {look.what}", want=want, got=value, authority="an audit"
        )
        return keep_evidence(
            self._site.quarantine,
            subject,
            error,
            served={look.what.value: got.served.facts()},
            files={look.what.value: content},
            facts={"held": want, "served_now": value},
        )

    # A module.

    async def _ask_list(self, look: Look) -> Answer:
        before = parse_said(look, ListSaid)
        held = [
            row
            for row in self._questions.held(look.path)
            if not is_pseudo_version(row.version)
        ]
        digest = _digest(row.version for row in held)
        known = _validators(look, before) if before.held == digest else _NOTHING
        target = list_target(look.path)
        try:
            got = await self._get(target, known, limit_bytes=LIST_LIMIT_BYTES)
        except NotFoundError:
            return Answer(replace(before, no=True))
        if got.changed:
            listed = [
                version
                for version in parse_list(got.body, path=look.path)
                if len(version) <= MAX_VERSION_CHARACTERS
            ]
            named = {row.version for row in held} & set(listed)
            once = self._named_once(look, before, held)
            said = ListSaid(
                had=True,
                held=digest,
                named=tuple(sorted(named)),
                dropped=tuple(sorted(once - named)),
                newest=newest(listed, allow_incompatible=False) or "",
            )
        else:
            said = replace(before, no=False)
        said = replace(said, newest_time=await self._unknown_since(look, before, said))
        if said.newest != before.newest:
            self._site.catalog.looks.make_due(look.path, What.NEWEST)
        return Answer(said, got.validators, got.changed)

    def _named_once(
        self, look: Look, before: ListSaid, held: list[VersionRow]
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

    async def _unknown_since(self, look: Look, before: ListSaid, said: ListSaid) -> str:
        """Return when the newest version was made, "" if it is known here."""
        catalog = self._site.catalog
        if not said.newest or catalog.modules.get(look.path) is None:
            return ""
        offered = {offer.version for offer in catalog.offers.of(look.path)}
        known = {v for v in offered | catalog.versions.known(look.path) if v}
        tagged = [v for v in known if not is_pseudo_version(v)]
        if said.newest in known or newest([said.newest, *tagged]) != said.newest:
            return ""
        if before.newest == said.newest and before.newest_time:
            return before.newest_time
        mv = ModuleVersion(look.path, said.newest)
        try:
            got = await self._get(
                file_target(mv, "info"), _NOTHING, limit_bytes=INFO_LIMIT_BYTES
            )
            time = parse_info(got.body).time
        except (BudgetSpentError, NotFoundError, RejectedError, UnavailableError):
            return ""  # the next look may tell
        return "" if time is None else format_time(time)

    async def _ask_newest(self, look: Look) -> Answer:
        before = parse_said(look, NewestSaid)
        listed = parse_said(self._list_look(look), ListSaid)
        if listed.no or not listed.had:
            return Answer(before, asked=False)  # the list decides what is asked
        try:
            version = listed.newest or await self._latest(look.path)
            mv = ModuleVersion(look.path, version)
            data, got = await self._go_mod(mv, look, before)
        except NotFoundError:
            return Answer(replace(before, no=True))
        if data is None:
            assert got is not None
            return Answer(replace(before, no=False), got.validators, changed=False)
        if got is None:
            return Answer(_notices(version, data), asked=not listed.newest)
        return Answer(_notices(version, data), got.validators)

    def _list_look(self, look: Look) -> Look | None:
        for each in self._site.catalog.looks.of(look.path, ""):
            if (each.source, each.what) == (look.source, What.LIST):
                return each
        return None

    async def _latest(self, path: str) -> str:
        got = await self._get(
            latest_target(path), _NOTHING, limit_bytes=INFO_LIMIT_BYTES
        )
        return parse_info(got.body).version

    async def _go_mod(
        self, mv: ModuleVersion, look: Look, before: NewestSaid
    ) -> tuple[bytes | None, Revisit | None]:
        """Return a go.mod: the proven one that is held, or theirs if it is new."""
        row = self._site.catalog.versions.get(mv.path, mv.version)
        if row is not None and row.mod_digest is not None:
            return self._site.blobs.read(Digest(row.mod_digest)), None
        same = before.version == mv.version
        known = _validators(look, before) if same else _NOTHING
        target = file_target(mv, "mod")
        got = await self._get(target, known, limit_bytes=MOD_LIMIT_BYTES)
        return (got.body if got.changed else None), got

    # One request.

    async def _get(
        self, target: str, known: Validators, *, limit_bytes: int
    ) -> Revisit:
        return await self._paid(
            lambda: self._revisits.get(target, known, limit_bytes=limit_bytes)
        )

    async def _paid(self, request: Callable[[], Awaitable[Revisit]]) -> Revisit:
        """Send one request within the budget."""
        self._budget.take()
        traffic = self._fetcher.traffic
        requests, size_bytes = traffic.requests, traffic.received_bytes
        try:
            return await request()
        finally:
            self._budget.charge(
                requests=max(0, traffic.requests - requests - 1),
                size_bytes=traffic.received_bytes - size_bytes,
            )


def _as_before(before: FileSaid, got: Revisit) -> Answer:
    said = replace(before, no=False, had=True)
    return Answer(said, got.validators, changed=False)


def _validators(look: Look, before: Said) -> Validators:
    """Return what makes the request conditional: only where there was an answer."""
    return Validators(look.etag, look.modified) if before.had else _NOTHING


def _digest(versions: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(versions)).encode()).hexdigest()


def _commit(mv: ModuleVersion, data: bytes) -> str:
    info = parse_info(data)
    if info.version != mv.version:
        raise MalformedError(".info", f"{mv}", f"it names {info.version!r:.80}")
    return info.origin.hash[:MAX_VALUE_CHARACTERS] if info.origin is not None else ""


def _mod(mv: ModuleVersion, data: bytes) -> str:
    if data.lstrip()[:1] == b"<":
        raise MalformedError(".mod", f"{mv}", "a page of HTML")
    return hash_go_mod(data)


def _notices(version: str, data: bytes) -> NewestSaid:
    try:
        parsed = parse_lax(data)
    except RejectedError:  # Go takes nothing from a broken one, either
        return NewestSaid(had=True, version=version)
    return NewestSaid(
        had=True,
        version=version,
        retracted=tuple(
            (each.low, each.high, each.rationale[:MAX_REASON_CHARACTERS])
            for each in parsed.retract[:MAX_RETRACTIONS]
            if max(len(each.low), len(each.high)) <= MAX_VERSION_CHARACTERS
        ),
        deprecated=parsed.deprecated[:MAX_REASON_CHARACTERS],
    )
