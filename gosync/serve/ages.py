"""Ages of versions that are pulled: since when each is known, as for a select.

To the index, where a sync follows it for the module; else to this server, from the
first time that an upstream named it. That is kept beside what is merged, a file a
module, and a version whose file is lost begins to wait anew: too long a wait does no
harm. What upstream does not have is not written down.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from anyio import to_thread

from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion, escape_path
from gosync.serve.held import write_held
from gosync.serve.pullrules import PullRules
from gosync.site.site import Site
from gosync.store.durable import disk_errors
from gosync.upstream.proxy import ProxyClient

_FOLDER: Final = "seen"
_MAX_BYTES: Final = 16 << 20
_seen = msgspec.json.Decoder(dict[str, str])


class VersionAges:
    """Tells which versions are too young, and since when they are known."""

    def __init__(
        self, site: Site, proxy: ProxyClient, rules: PullRules, folder: Path
    ) -> None:
        """Take what is asked, and where first times are kept."""
        self._site, self._proxy, self._rules = site, proxy, rules
        self._folder = folder
        self._lock = threading.Lock()

    async def refusal(self, mv: ModuleVersion, *, exists: bool = False) -> str:
        """Return which rule of age keeps a version away, "" for none.

        Args:
            mv: The version.
            exists: Whether an upstream has just named it; else it is asked.

        Raises:
            GosyncError: upstream does not have it, or gives no answer.
        """
        if not self._rules.looks_at_age:
            return ""
        known = await to_thread.run_sync(self._known, mv.path)
        if mv.version not in known and not exists:
            await self._proxy.info(mv)
        found = await self.refusals(mv.path, (mv.version,))
        return found.get(mv.version, "")

    async def refusals(self, path: str, versions: Iterable[str]) -> dict[str, str]:
        """Return which of the versions that upstream names are kept away, and why.

        Raises:
            StoreError: what is known cannot be read or written.
        """
        if not self._rules.looks_at_age:
            return {}
        return await to_thread.run_sync(self._refusals, path, list(versions))

    def _refusals(self, path: str, versions: list[str]) -> dict[str, str]:
        now = self._site.clock.now()
        with self._lock:
            known = self._noted(path, versions, format_time(now))
        found = {}
        for version in versions:
            if reason := self._rules.refusal_of_age(known[version], now):
                found[version] = reason
        return found

    def _noted(self, path: str, versions: list[str], moment: str) -> dict[str, str]:
        """Return since when each is known; of those that are new, this moment."""
        known = self._known(path)
        fresh = {each: moment for each in versions if each not in known}
        if fresh:
            self._keep(path, {**self._read(path), **fresh})
        return {**known, **fresh}

    def _known(self, path: str) -> dict[str, str]:
        """Return since when a module's versions are known, as RFC 3339 times."""
        rows = self._site.catalog.offers.of(path)
        offered = {row.version: row.index_time or row.first_seen for row in rows}
        return {**self._read(path), **offered}

    def _file(self, path: str) -> str:
        return f"{_FOLDER}/{escape_path(path)}/@v/known"

    def _read(self, path: str) -> dict[str, str]:
        file = self._folder / self._file(path)
        with disk_errors(self._folder):
            try:
                data = file.read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return {}
        try:
            return _seen.decode(data) if len(data) <= _MAX_BYTES else {}
        except (msgspec.DecodeError, UnicodeDecodeError):
            return {}

    def _keep(self, path: str, seen: dict[str, str]) -> None:
        write_held(self._folder, self._file(path), msgspec.json.encode(seen))
