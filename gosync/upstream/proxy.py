"""The GOPROXY protocol: list, @latest, .info, .mod and .zip of a module.

Below a proxy's URL, with the path and the version in their escaped form:

    PATH/@v/list         versions, one a line                     at most 16 MiB
    PATH/@latest         JSON about the newest version            at most  1 MiB
    PATH/@v/VERSION.info JSON about a version, or any revision    at most  1 MiB
    PATH/@v/VERSION.mod  its go.mod                               at most 16 MiB
    PATH/@v/VERSION.zip  its files                                at most 500 MiB

Answers come with evidence and are trusted by nobody yet. What cannot be parsed
counts as an error of that proxy, so that a list with "|" moves on; the error
carries the answer, for whoever keeps evidence.

Asked with ``fetch_disabled``, an upstream answers from its cache alone: by the
header ``Disable-Module-Fetch``, or at proxy.golang.org below ``/cached-only``.
Its 404 then means "not fetched", which is not "does not exist".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from gosync.errors import (
    MalformedError,
    NotFetchedError,
    NotFoundError,
    OfflineError,
    RejectedError,
    UnavailableError,
)
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import VersionInfo, parse_info
from gosync.gomod.module import (
    ModuleVersion,
    canonical_version,
    check,
)
from gosync.gomod.versionlist import read_list
from gosync.upstream.answer import Response, Served, Sink, body_size, refusable
from gosync.upstream.folderlist import versions_of_folder
from gosync.upstream.goproxy import DIRECT, OFF, ProxyEntry
from gosync.upstream.kept import FOLDER_LIST, NO_HEAD, NO_LATEST
from gosync.upstream.options import MIB
from gosync.upstream.patience import BodyPatience
from gosync.upstream.proxyanswers import InfoAnswer, ModAnswer, VersionsAnswer
from gosync.upstream.reading import (
    look_up,
    no_page_sink,
    parse_apart,
)
from gosync.upstream.source import Source
from gosync.upstream.sources import Sources
from gosync.upstream.targets import file_target, latest_target, list_target
from gosync.upstream.urls import module_path_on_wire

T = TypeVar("T")

LIST_LIMIT_BYTES: Final = 16 * MIB
INFO_LIMIT_BYTES: Final = 1 * MIB
MOD_LIMIT_BYTES: Final = 16 * MIB
ZIP_LIMIT_BYTES: Final = 500 * MIB
CACHED_ONLY_HOSTS: Final = frozenset({"proxy.golang.org"})
_FOLDERS_TRIED: Final = 3  # lists that are missing, of one server
_DISABLE_FETCH: Final = {"Disable-Module-Fetch": "true"}


class _Place(msgspec.Struct, frozen=True):
    """One source, as one call asks it."""

    source: Source
    below: str = ""
    headers: Mapping[str, str] | None = None
    retries: int | None = None

    def path(self, target: str) -> str:
        return self.below + module_path_on_wire(target)


class ProxyClient:
    """Asks the proxies of a list about modules."""

    def __init__(
        self,
        sources: Sources,
        *,
        cached_only_hosts: frozenset[str] = CACHED_ONLY_HOSTS,
    ) -> None:
        """Prepare to ask.

        Args:
            sources: Who is asked, in which order.
            cached_only_hosts: Hosts that have ``/cached-only``.
        """
        self._sources = sources
        self._cached_only_hosts = cached_only_hosts
        self._folders_asked: dict[str, int] = {}

    async def versions(
        self, path: str, *, fetch_disabled: bool = False
    ) -> VersionsAnswer:
        """Return what ``@v/list`` holds.

        Args:
            path: The module path.
            fetch_disabled: Whether the upstream may only use its cache.

        Raises:
            NotFoundError: No proxy knows the module.
            UnavailableError: A proxy gave no answer.
            RejectedError: The answer is no list, or too large.
        """
        target = list_target(path)

        async def ask(place: _Place) -> VersionsAnswer:
            try:
                got = await self._get(place, target, LIST_LIMIT_BYTES)
            except NotFoundError:
                shown = None if fetch_disabled else await self._folder(place, path)
                if shown is None:
                    raise
                got = shown
            with refusable(got.served, got.body):
                read = partial(read_list, got.body, path=path, look_up=look_up)
                found = await parse_apart(read, len(got.body))
            return VersionsAnswer(
                found.versions, found.commit, found.left_out, got.body, got.served
            )

        return await self._walk(ask, path, fetch_disabled=fetch_disabled, hedged=True)

    async def _folder(self, place: _Place, path: str) -> Response | None:
        """Return a list made of what a server's folder shows; None where it shows none.

        Of a server that showed none a few times none is asked for again.
        """
        source, gaps = place.source, place.source.circuit.gaps
        asked = self._folders_asked.get(source.name, 0)
        if FOLDER_LIST not in gaps and asked >= _FOLDERS_TRIED:
            return None
        self._folders_asked[source.name] = asked + 1
        target = list_target(path).removesuffix("list")
        try:
            got = await self._get(place, target, LIST_LIMIT_BYTES)
        except (NotFoundError, UnavailableError, RejectedError):
            return None
        versions = versions_of_folder(got.body)
        if not versions:
            return None
        gaps.add(FOLDER_LIST)
        return replace(got, body="".join(f"{each}\n" for each in versions).encode())

    async def latest(self, path: str, *, fetch_disabled: bool = False) -> InfoAnswer:
        """Return what ``@latest`` says; many proxies lack it.

        Args:
            path: The module path.
            fetch_disabled: Whether the upstream may only use its cache.

        Raises:
            NotFoundError: No proxy has it.
            UnavailableError: A proxy gave no answer.
            RejectedError: The answer is malformed, or too large.
        """
        target = latest_target(path)

        async def ask(place: _Place) -> InfoAnswer:
            with place.source.circuit.noting_gap(NO_LATEST):
                got = await self._get(place, target, INFO_LIMIT_BYTES)
            with refusable(got.served, got.body):
                info = await _parse_info(got.body)
                check(path, info.version)
            return InfoAnswer(info, got.body, got.served)

        return await self._walk(ask, path, fetch_disabled=fetch_disabled, hedged=True)

    async def info(
        self, mv: ModuleVersion, *, fetch_disabled: bool = False
    ) -> InfoAnswer:
        """Return the ``.info`` of a version, or of a branch, tag or commit.

        Args:
            mv: The module, and a version or the name of a revision.
            fetch_disabled: Whether the upstream may only use its cache.

        Raises:
            NotFoundError: No proxy has it.
            UnavailableError: A proxy gave no answer.
            RejectedError: The answer is malformed, too large, or about another
                version than the one asked for.
        """
        target = file_target(mv, FileKind.INFO)

        async def ask(place: _Place) -> InfoAnswer:
            got = await self._get(place, target, INFO_LIMIT_BYTES)
            with refusable(got.served, got.body):
                info = await _parse_info(got.body)
                _check_same_version(mv, info.version)
            return InfoAnswer(info, got.body, got.served)

        return await self._walk(
            ask, mv.path, fetch_disabled=fetch_disabled, hedged=True
        )

    async def mod(
        self, mv: ModuleVersion, *, fetch_disabled: bool = False
    ) -> ModAnswer:
        """Return the ``.mod`` of a version.

        Args:
            mv: The module version.
            fetch_disabled: Whether the upstream may only use its cache.

        Raises:
            NotFoundError: No proxy has it.
            UnavailableError: A proxy gave no answer.
            RejectedError: It is too large.
        """
        target = file_target(mv, FileKind.MOD)

        async def ask(place: _Place) -> ModAnswer:
            got = await self._get(place, target, MOD_LIMIT_BYTES)
            return ModAnswer(got.body, got.served)

        return await self._walk(
            ask, mv.path, fetch_disabled=fetch_disabled, hedged=True
        )

    async def zip(
        self,
        mv: ModuleVersion,
        new_sink: Callable[[], Sink],
        *,
        limit_bytes: int = ZIP_LIMIT_BYTES,
        fetch_disabled: bool = False,
    ) -> Served:
        """Hand the ``.zip`` of a version to a sink.

        Args:
            mv: The module version.
            new_sink: Called before each try's first byte, also when the next
                proxy is asked; what earlier sinks were given is void then.
            limit_bytes: The most that it may have.
            fetch_disabled: Whether the upstream may only use its cache.

        Raises:
            NotFoundError: No proxy has it.
            UnavailableError: A proxy gave no answer.
            RejectedError: It is too large.
            VolumeSpentError: No further zip may come this month.
        """
        target = file_target(mv, FileKind.ZIP)

        left: set[str] = set()  # whom to be patient with the second time

        async def download(place: _Place, patience: BodyPatience | None) -> Served:
            is_other_at_hand = place.retries == 0
            got = await place.source.download(
                place.path(target),
                partial(no_page_sink, mv, new_sink) if is_other_at_hand else new_sink,
                limit_bytes=limit_bytes,
                headers=place.headers,
                retries=place.retries,
                patience=patience,
            )
            return got.served

        async def ask(place: _Place) -> Served:
            name, has_other = place.source.name, place.retries == 0
            if name in left:
                return await download(place, None)
            left.add(name)
            patience = self._sources.patience_with(place.source, has_other=has_other)
            if not has_other:
                return await download(place, patience)
            with self._sources.hanging.noting(name, patience):
                return await download(place, patience)

        return await self._walk(ask, mv.path, fetch_disabled=fetch_disabled)

    def check_volume(self) -> None:
        """Raise where no zip may be begun.

        Raises:
            VolumeSpentError: No further zip may come this month.
        """
        self._sources.check_volume()

    async def head_zip(
        self, mv: ModuleVersion, *, fetch_disabled: bool = False
    ) -> int | None:
        """Return the size that a ``.zip`` will have, or None if nobody says.

        Args:
            mv: The module version.
            fetch_disabled: Whether the upstream may only use its cache.

        Raises:
            NotFoundError: No proxy has it.
            UnavailableError: A proxy gave no answer.
        """
        target = file_target(mv, FileKind.ZIP)

        async def ask(place: _Place) -> int | None:
            with place.source.circuit.noting_gap(NO_HEAD):
                got = await place.source.head(
                    place.path(target), headers=place.headers, retries=place.retries
                )
            return body_size(got.headers)

        return await self._walk(ask, mv.path, fetch_disabled=fetch_disabled)

    async def _get(self, place: _Place, target: str, limit_bytes: int) -> Response:
        return await place.source.get(
            place.path(target),
            limit_bytes=limit_bytes,
            headers=place.headers,
            retries=place.retries,
        )

    async def _walk(
        self,
        ask: Callable[[_Place], Awaitable[T]],
        path: str,
        *,
        fetch_disabled: bool,
        hedged: bool = False,
    ) -> T:
        """Ask the proxies of the list in turn."""

        async def ask_entry(entry: ProxyEntry) -> T:
            retries = 0 if self._sources.is_one_of_many(entry, path) else None
            place = self._place(entry, retries, fetch_disabled=fetch_disabled)
            try:
                return await ask(place)
            except NotFoundError as exc:
                if fetch_disabled and not entry.url.startswith("file:"):
                    raise NotFetchedError(str(exc)) from exc
                raise

        return await self._sources.answer(ask_entry, path=path, hedged=hedged)

    def _place(
        self, entry: ProxyEntry, retries: int | None, *, fetch_disabled: bool
    ) -> _Place:
        if entry.url == DIRECT:
            raise NotFoundError("no proxy has it; gosync asks no repositories")
        if entry.url == OFF:
            raise OfflineError("the list of proxies ends in off")
        source = self._sources.at(entry.url)
        if not fetch_disabled:
            return _Place(source, retries=retries)
        if urlsplit(entry.url).hostname in self._cached_only_hosts:
            return _Place(source, "cached-only/", retries=retries)
        return _Place(source, headers=_DISABLE_FETCH, retries=retries)


async def _parse_info(data: bytes) -> VersionInfo:
    return await parse_apart(partial(parse_info, data), len(data))


def _check_same_version(mv: ModuleVersion, got: str) -> None:
    """Check that a proxy answered about the version that was asked for.

    Only a canonical version that fits its path must come back unchanged; any
    other name is a question, and the answer is a version that fits.
    """
    if mv.version == got:
        return
    if mv.version == canonical_version(mv.version):
        try:
            check(mv.path, mv.version)
        except MalformedError:
            pass
        else:
            raise MalformedError(
                "version info", mv, f"the proxy answered about {got[:80]!r}"
            )
    check(mv.path, got)
