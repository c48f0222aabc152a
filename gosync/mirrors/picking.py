"""Picking: the mirrors that answer within seconds, and the last good ones if none does.

Each is asked one small question at the same time, and a second one where it says no to
that: a mirror may lack ``@latest``. Whatever happens, an answer is there
when the time is over: what answered last time is kept in the user's cache folder, and
before there was a last time the first known mirror is as good as any.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio
import msgspec

from gosync.errors import GosyncError, NotFoundError, UpstreamStatusError
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.mirrors.known import KnownMirror
from gosync.upstream.http import Fetcher
from gosync.upstream.options import MIB
from gosync.upstream.targets import file_target, latest_target
from gosync.upstream.urls import join, module_path_on_wire

_MOST: Final = 3
_QUESTION: Final = "golang.org/x/text"
_ANSWERED_BY_ALL: Final = ModuleVersion(_QUESTION, "v0.3.0")
_SETTLING_SHARE: Final = 0.5  # of the first answer's time, the others are waited for


class PickReport(msgspec.Struct, frozen=True):
    """A GOPROXY that was picked; its fields are the JSON document's.

    Attributes:
        goproxy: The value.
        answered: Whether somebody answered, or it is from before.
    """

    goproxy: str
    answered: bool


class MirrorPick:
    """A pick under way.

    Attributes:
        answered: Who answered so far, the fastest first.
    """

    def __init__(self, mirrors: Sequence[KnownMirror], module: str = _QUESTION) -> None:
        """Prepare to ask these mirrors about a module's latest version."""
        self._mirrors = [each for each in mirrors if each.usable and not each.relay]
        self._targets = [latest_target(module)]
        if module == _QUESTION:
            self._targets.append(file_target(_ANSWERED_BY_ALL, FileKind.INFO))
        self.answered: list[str] = []

    async def run(self, fetcher: Fetcher, *, seconds: float) -> list[str]:
        """Return the mirrors that answered, the fastest first; maybe none.

        Args:
            fetcher: Sends the requests, without retries.
            seconds: When it is over.
        """
        begin = time.monotonic()
        with anyio.move_on_after(max(0.0, seconds)):
            async with anyio.create_task_group() as tasks:
                left = len(self._mirrors)
                first = anyio.Event()

                async def ask(mirror: KnownMirror) -> None:
                    nonlocal left
                    if await self._asks(mirror, fetcher):
                        first.set()
                    left -= 1
                    if not left:
                        tasks.cancel_scope.cancel()

                for each in self._mirrors:
                    tasks.start_soon(ask, each)
                await first.wait()
                await anyio.sleep(_SETTLING_SHARE * (time.monotonic() - begin))
                tasks.cancel_scope.cancel()
        return self.answered[:_MOST]

    async def _asks(self, mirror: KnownMirror, fetcher: Fetcher) -> bool:
        for target in self._targets:
            try:
                got = await fetcher.get(
                    join(mirror.url, module_path_on_wire(target)), limit_bytes=MIB
                )
            except (NotFoundError, UpstreamStatusError):
                continue  # it may lack a part of the protocol
            except GosyncError:
                return False
            if got.body.lstrip()[:1] == b"{":
                self.answered.append(mirror.url)
                return True
        return False


def last_pick_file(environment: Mapping[str, str]) -> Path:
    """Return where the last good pick is kept."""
    home = environment.get("HOME") or "/"
    cache = environment.get("XDG_CACHE_HOME") or f"{home}/.cache"
    return Path(cache) / "gosync" / "mirrors-pick"


def read_last_pick(file: Path) -> str:
    """Return the last good pick, "" for none."""
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return text if text.isprintable() and "'" not in text else ""


def keep_pick(file: Path, goproxy: str) -> None:
    """Keep a pick for the next time; a home that cannot be written is no failure."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.write_text(f"{goproxy}\n", "utf-8")
        draft.replace(file)
    except OSError:
        return


def age_seconds() -> float:
    """Return how long this process has run: starting counts, too; 0 if unknown."""
    try:
        fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        up = float(Path("/proc/uptime").read_text("utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, up - began)
