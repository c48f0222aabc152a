"""Asking one mirror: some twenty small questions and one zip, one after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import msgspec

from gosync.errors import (
    GosyncError,
    NotFoundError,
    PageError,
    RejectedError,
    UpstreamStatusError,
)
from gosync.gomod.dirhash import hash_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion, check
from gosync.gomod.versionlist import read_list
from gosync.mirrors.indexlag import NewEvent
from gosync.mirrors.reach import reach_host
from gosync.mirrors.sightings import Gap, MirrorSight, Newest
from gosync.upstream.answer import Response, body_size
from gosync.upstream.forbidden import ABSENT_VERSION
from gosync.upstream.http import Fetcher
from gosync.upstream.manners import Manners
from gosync.upstream.options import MIB, HttpOptions
from gosync.upstream.proxy import INFO_LIMIT_BYTES, LIST_LIMIT_BYTES, MOD_LIMIT_BYTES
from gosync.upstream.reading import check_no_page
from gosync.upstream.targets import file_target, latest_target, list_target
from gosync.upstream.urls import join, module_path_on_wire, strip_secrets

ZIP_LIMIT_BYTES: Final = 16 * MIB
_NOT_THERE: Final = frozenset(
    {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)


class _Learned(msgspec.Struct):
    gaps: set[str] = set()


class Asking:
    """The questions to one mirror; what it says goes into its sighting.

    Attributes:
        sighting: What was seen so far.
        zip_data: The zip that was fetched.
        is_relay: Whether it is a checksum database alone.
    """

    def __init__(
        self, url: str, name: str, fetcher: Fetcher, *, is_relay: bool = False
    ) -> None:
        """Prepare to ask the mirror at a URL.

        Args:
            url: It; the fetcher knows the secrets that open it.
            name: What people call it.
            fetcher: Sends the requests, without retries.
            is_relay: Whether it serves no modules.
        """
        self.sighting = MirrorSight(strip_secrets(url), name)
        self.zip_data = b""
        self.is_relay = is_relay
        self._url = url
        self._fetcher = fetcher
        self._redirected = False
        self._has_served = False
        self._learned = _Learned()
        self._manners = Manners(fetcher, self._learned)

    async def ask_newest(self, paths: list[str]) -> None:
        """Ask which versions of some modules there are."""
        sighting = self.sighting
        listed = latest = False
        for path in paths:
            if not sighting.works:
                return
            version = await self._listed(path)
            listed = listed or version is not None
            named = await self._latest(path)
            latest = latest or named is not None
            version = version or (None if named is None else named.version)
            if version is not None:
                told = named if named and named.version == version else None
                sighting.newest[path] = told or Newest(version, None)
        if sighting.works:
            sighting.gaps |= {Gap.NO_LIST} if not listed else set()
            sighting.gaps |= {Gap.NO_LATEST} if not latest else set()

    async def ask_files(self, wanted: dict[str, str], database: str) -> None:
        """Ask for files of versions, for an absent one, and for the database.

        Args:
            wanted: By module, a version for where the mirror names none itself.
            database: The checksum database's name, "" for none.
        """
        sighting = self.sighting
        if self.is_relay:
            wanted = {}
        versions = {path: sighting.newest.get(path) for path in wanted}
        for path, version in wanted.items():
            own = versions[path]
            mv = ModuleVersion(path, version if own is None else own.version)
            info = await self._small(file_target(mv, FileKind.INFO), INFO_LIMIT_BYTES)
            await self._small(file_target(mv, FileKind.MOD), MOD_LIMIT_BYTES)
            if info is not None and own is not None and own.time is None:
                self._note_time(path, mv.version, info.body)
        if not sighting.works:  # nothing is known of what it lacks
            return
        zips = {
            path: own.version if own else wanted[path] for path, own in versions.items()
        }
        await self._ask_large(zips)
        if database:
            await self._relay(database)
        if not self._has_served and sighting.works:
            sighting.reason = "it has none of what was asked for"
        if self._redirected:
            sighting.gaps.add(Gap.REDIRECTS)

    async def _ask_large(self, versions: dict[str, str]) -> None:
        """Ask for zips until one comes, and for an absent version of the first."""
        for path, version in versions.items():
            await self._zip(ModuleVersion(path, version))
            if self.sighting.zip_of:
                break
        if versions:
            await self._absent(next(iter(versions)))

    async def look_around(self, options: HttpOptions) -> None:
        """See how the mirror's host is reached: by each address family, and TLS."""
        sighting = self.sighting
        proxy = self._fetcher.web_proxy_of(self._url)
        if proxy is not None:
            sighting.web_proxy = proxy
            return
        seconds = options.timeout_seconds
        sighting.reach = await reach_host(self._url, options, seconds=seconds)

    async def ask_events(self, events: Sequence[NewEvent]) -> None:
        """Ask for new events of the index, the newest first, until it has one."""
        for number, event in enumerate(events):
            target = file_target(event.mv, FileKind.INFO)
            if await self._small(target, INFO_LIMIT_BYTES) is not None:
                self.sighting.had_event = number
                return

    async def ask_relay(self, database: str) -> bytes:
        """Return the database's head as this mirror relays it, b"" for none."""
        below = "" if self.is_relay else f"sumdb/{database}/"
        got = await self._small(f"{below}latest", MIB, is_module=False)
        return b"" if got is None else got.body

    async def _listed(self, path: str) -> str | None:
        got = await self._small(list_target(path), LIST_LIMIT_BYTES)
        if got is None:
            return None
        found = read_list(got.body, path=path)
        if found.commit is not None:
            self.sighting.gaps.add(Gap.PSEUDO_LISTED)
        return found.versions[-1] if found.versions else None

    async def _latest(self, path: str) -> Newest | None:
        got = await self._small(latest_target(path), INFO_LIMIT_BYTES)
        if got is None:
            return None
        try:
            info = parse_info(got.body)
            check(path, info.version)
        except RejectedError:
            return None
        return Newest(info.version, info.time)

    def _note_time(self, path: str, version: str, data: bytes) -> None:
        try:
            info = parse_info(data)
        except RejectedError:
            return
        if info.version == version:
            self.sighting.newest[path] = Newest(version, info.time)

    async def _absent(self, path: str) -> None:
        target = file_target(ModuleVersion(path, ABSENT_VERSION), FileKind.INFO)
        try:
            await self._get(target, INFO_LIMIT_BYTES)
        except UpstreamStatusError as exc:
            if exc.status == HTTPStatus.FORBIDDEN:
                self.sighting.gaps.add(Gap.FORBIDDEN_FOR_ABSENT)
        except GosyncError:
            return
        else:
            self.sighting.gaps.add(Gap.ANYTHING_FOR_ABSENT)

    async def _zip(self, mv: ModuleVersion) -> None:
        target = file_target(mv, FileKind.ZIP)
        try:
            asked = self._manners.asked(self._at(target))
            head = await self._fetcher.head(asked.url, headers=asked.headers)
        except UpstreamStatusError:
            self.sighting.gaps.add(Gap.NO_HEAD)
        except GosyncError:
            return
        else:
            if head.headers.get("accept-ranges", "").lower() != "bytes":
                self.sighting.gaps.add(Gap.NO_RANGES)
            if (body_size(head.headers) or 0) > ZIP_LIMIT_BYTES:
                return
        begin = time.monotonic()
        try:
            got = await self._get(target, ZIP_LIMIT_BYTES)
        except GosyncError:
            return
        seconds = max(time.monotonic() - begin, 1e-6)
        self.sighting.bytes_per_second = len(got.body) / seconds
        self.sighting.zip_of, self.zip_data = str(mv), got.body
        self.sighting.zip_h1 = _h1_of(got.body)

    async def _relay(self, database: str) -> None:
        target = "latest" if self.is_relay else f"sumdb/{database}/supported"
        got = await self._small(target, MIB, is_module=False)
        if not self.sighting.works:
            return
        if got is None or got.body.lstrip()[:1] == b"<":
            self.sighting.gaps.add(Gap.NO_SUMDB)
        else:
            self.sighting.has_sumdb = True

    async def _small(
        self, target: str, limit_bytes: int, *, is_module: bool = True
    ) -> Response | None:
        """Return a small answer; None for a no. After a failure nothing is asked."""
        sighting = self.sighting
        if not sighting.works:
            return None
        begin = time.monotonic()
        got: Response | None = None
        try:
            got = await self._ask(target, limit_bytes, is_module=is_module)
        except NotFoundError:
            pass
        except UpstreamStatusError as exc:
            if exc.status not in _NOT_THERE:
                sighting.fail(str(exc), exc.failure_class)
                return None
        except PageError as exc:
            sighting.fail("it answers with pages of HTML", exc.failure_class)
            return None
        except GosyncError as exc:
            sighting.fail(str(exc), exc.failure_class)
            return None
        self._has_served |= got is not None and (is_module or self.is_relay)
        seconds = time.monotonic() - begin
        if sighting.first_seconds is None:
            sighting.first_seconds = seconds
        else:
            sighting.seconds.append(seconds)
        return got

    async def _ask(self, target: str, limit_bytes: int, *, is_module: bool) -> Response:
        """Ask a small question; at a first refusal, once more in another manner."""
        try:
            got = await self._get(target, limit_bytes)
            if is_module:
                check_no_page(target, got.body, what="file")
        except (UpstreamStatusError, PageError) as exc:
            if not (is_module and await self._manners.learn(self._at(target), exc)):
                raise
            self.sighting.gaps |= {Gap(each) for each in self._learned.gaps}
            got = await self._get(target, limit_bytes)
        self._manners.note_answer()
        return got

    async def _get(self, target: str, limit_bytes: int) -> Response:
        url = self._at(target)
        asked = self._manners.asked(url)
        got = await self._fetcher.get(
            asked.url, limit_bytes=limit_bytes, headers=asked.headers
        )
        self._redirected = self._redirected or got.url != strip_secrets(url)
        return got

    def _at(self, target: str) -> str:
        return join(self._url, module_path_on_wire(target))


def _h1_of(data: bytes) -> str:
    try:
        return hash_zip(lambda start, size: data[start : start + size], len(data))
    except RejectedError:
        return "no zip"
