"""GOPROXY URL as a target: checked as its clients see it.

What is looked at is named: module versions, or modules, whose ``list`` then says
which versions there are. Each version's three files are fetched into a scratch
folder, as a static tree has them, checked there, and gone again. Nothing can be done
about what is found but telling whoever runs it.

A file that the proxy does not have makes the version incomplete: a client that was
told of it will ask for it. One that could not be had for other reasons was not looked
at.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from gosync.errors import (
    MalformedError,
    NotFoundError,
    RejectedError,
    UnavailableError,
    UsageError,
)
from gosync.folder.layouts import FILES, Part, PathPlace, TargetKind, VersionsLayout
from gosync.folder.tree import FileTree
from gosync.folder.walk import Entry, Unread
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion, check, check_path, escape_path
from gosync.gomod.seen import SeenEntries
from gosync.gomod.versionlist import read_list
from gosync.upstream.answer import Sink
from gosync.upstream.http import Fetcher
from gosync.upstream.proxy import (
    INFO_LIMIT_BYTES,
    LIST_LIMIT_BYTES,
    MOD_LIMIT_BYTES,
    ZIP_LIMIT_BYTES,
)
from gosync.upstream.reading import look_up, parse_apart
from gosync.upstream.urls import join, module_path_on_wire, strip_secrets
from gosync.verify.look.checks import Checked, Checker
from gosync.verify.look.targets import Target
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import CacheFinding, Verdict
from gosync.work.pool import for_each

_AT_ONCE: Final = 8
_LIMITS: Final = {
    FileKind.INFO: INFO_LIMIT_BYTES,
    FileKind.MOD: MOD_LIMIT_BYTES,
    FileKind.ZIP: ZIP_LIMIT_BYTES,
}


class UrlLayout(VersionsLayout):
    """A proxy's names; what is offered must be there whole."""

    def __init__(self) -> None:
        super().__init__(TargetKind.URL)

    def lacks(self, mv: ModuleVersion, roles: Collection[Part]) -> list[Part]:
        """See Layout."""
        del mv
        return [role for role in FILES if role not in roles]


class UrlTarget(Target):
    """A proxy.

    Attributes:
        kind: URL.
        name: Its address, without secrets.
        is_still: No; files come and go.
    """

    kind = TargetKind.URL
    is_still = False

    def __init__(self, url: str, fetcher: Fetcher, scratch: Path) -> None:
        self.name = strip_secrets(url)
        self._url = url
        self._fetcher = fetcher
        self._tree = FileTree(scratch)
        self._layout = UrlLayout()
        self._checker = Checker(self._tree, self._layout, SeenEntries())
        self._versions: dict[ModuleVersion, dict[Part, Entry]] = {}
        self._findings: list[CacheFinding] = []
        self._unread: list[Unread] = []

    def versions(self) -> Mapping[ModuleVersion, int]:
        """See Target; sizes are not known before."""
        return dict.fromkeys(self._versions, 0)

    def unread(self) -> list[Unread]:
        """See Target."""
        return self._unread

    def stamp(self, mv: ModuleVersion) -> str:
        """See Target; nobody says whether a proxy's files change."""
        return str(mv)

    def rest(self) -> list[CacheFinding]:
        """See Target: what was wrong with lists."""
        return self._findings

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """See Target; what was fetched goes."""
        entries = self._versions[mv]
        try:
            if entries or not self._is_unread(mv):
                return self._checker.check(mv, entries, answer)
            return Checked(mv, answer)
        finally:
            for entry in entries.values():
                with suppress(OSError):
                    (self._tree.root / entry.path).unlink()

    def _is_unread(self, mv: ModuleVersion) -> bool:
        paths = {self._layout.path_of(mv, role) for role in FILES}
        return any(each.path in paths for each in self._unread)

    async def prepare(self, batch: Sequence[ModuleVersion]) -> None:
        """Fetch the files of versions."""
        files = [(mv, role) for mv in batch for role in FILES]

        async def fetch(file: tuple[ModuleVersion, FileKind]) -> None:
            await self._fetch(*file)

        await for_each(files, fetch, workers=_AT_ONCE)

    async def _fetch(self, mv: ModuleVersion, role: FileKind) -> None:
        path = self._layout.path_of(mv, role)
        file = self._tree.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("w+b") as stream:

                def restart() -> Sink:
                    stream.seek(0)
                    stream.truncate()
                    return stream.write

                url = join(self._url, module_path_on_wire(path))
                await self._fetcher.download(url, restart, limit_bytes=_LIMITS[role])
        except NotFoundError:
            file.unlink()
        except (UnavailableError, RejectedError) as exc:
            file.unlink()
            self._unread.append(Unread(path, str(exc)))
        else:
            self._versions[mv][role] = Entry(
                path, PathPlace(role=role, mv=mv), file.lstat()
            )

    async def look_up(self, wanted: Iterable[str]) -> None:
        """Find out which versions there are.

        Args:
            wanted: Modules, or module versions as ``path@version``.

        Raises:
            UsageError: if one is neither.
            UnavailableError: if a list cannot be had.
        """
        for text in wanted:
            try:
                if "@" in text:
                    self._versions[ModuleVersion.parse(text)] = {}
                else:
                    check_path(text)
                    await self._look_at_module(text)
            except MalformedError as exc:
                raise UsageError(f"{text}: {exc.reason}") from exc

    async def _look_at_module(self, path: str) -> None:
        where = f"{escape_path(path)}/@v/list"
        try:
            data = await self._get(where, LIST_LIMIT_BYTES)
        except NotFoundError:
            self._add(Verdict.INCOMPLETE, where, path, "the proxy has no such list")
            return
        try:
            read = partial(read_list, data, look_up=look_up)
            listed = (await parse_apart(read, len(data))).versions
            read = partial(read_list, data, path=path, look_up=look_up)
            said = await parse_apart(read, len(data))
        except RejectedError as exc:
            self._add(Verdict.CORRUPT, where, path, str(exc))
            return
        for odd in sorted(set(listed) - set(said.versions)):
            self._add(Verdict.STALE, where, path, f"go trips over {odd}")
        carried = said.versions or ((said.commit,) if said.commit else ())
        self._versions |= {ModuleVersion(path, version): {} for version in carried}
        await self._look_at_latest(path)

    async def _look_at_latest(self, path: str) -> None:
        where = f"{escape_path(path)}/@latest"
        with suppress(NotFoundError):  # it is optional
            try:
                latest = parse_info(await self._get(where, INFO_LIMIT_BYTES))
                check(path, latest.version)
                self._versions.setdefault(ModuleVersion(path, latest.version), {})
            except RejectedError as exc:
                self._add(Verdict.CORRUPT, where, path, str(exc))

    async def _get(self, path: str, limit_bytes: int) -> bytes:
        url = join(self._url, module_path_on_wire(path))
        return (await self._fetcher.get(url, limit_bytes=limit_bytes)).body

    def _add(self, verdict: Verdict, where: str, path: str, reason: str) -> None:
        mv = ModuleVersion(path, "")
        self._findings.append(
            CacheFinding(verdict=verdict, path=where, mv=mv, reason=reason)
        )


@asynccontextmanager
async def open_url(
    url: str, wanted: Sequence[str], fetcher: Fetcher
) -> AsyncIterator[UrlTarget]:
    """Look at a proxy while the block runs.

    Raises:
        UsageError: if nothing is wanted of it.
        UnavailableError: if a list cannot be had.
    """
    if not wanted:
        raise UsageError(
            f"{strip_secrets(url)}: a proxy does not say what it has",
            hint="name modules: --module PATH or PATH@VERSION, or --modules FILE",
        )
    scratch = Path(tempfile.mkdtemp(prefix="gosync-verify-"))
    try:
        target = UrlTarget(url, fetcher, scratch)
        await target.look_up(wanted)
        yield target
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
