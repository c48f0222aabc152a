"""``gosync mirrors pick``: one line with a GOPROXY that works, within seconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio

from gosync.cli.options import CommonOptions
from gosync.mirrors.known import KnownMirror, known_mirrors
from gosync.mirrors.picking import (
    MirrorPick,
    PickReport,
    age_seconds,
    keep_pick,
    last_pick_file,
    read_last_pick,
)
from gosync.upstream.address import parse_address
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions

_ENDING_SECONDS: Final = 0.15  # what is left of the time for printing


def print_pick(
    options: CommonOptions,
    urls: Sequence[str],
    lists: Sequence[Path],
    modules: Sequence[str],
    seconds: float,
    form: str,
) -> None:
    """Print a GOPROXY that answers, or the last one that did.

    Args:
        options: Where to print.
        urls: Who is asked; those that are known where nobody is named.
        lists: Files of further mirrors.
        modules: The first of them is asked about.
        seconds: When it must be printed, counted from the process's start.
        form: shell, dotenv or github.
    """
    mirrors = list(known_mirrors(lists))
    if urls:
        mirrors = [KnownMirror(parse_address(url).url.rstrip("/")) for url in urls]
    http = HttpOptions(timeout_seconds=seconds, total_seconds=seconds, retries=0)
    pick = MirrorPick(mirrors, *modules[:1])

    async def run() -> list[str]:
        async with Fetcher(http) as fetcher:
            left = seconds - age_seconds() - _ENDING_SECONDS
            return await pick.run(fetcher, seconds=left)

    found = "|".join(anyio.run(run))
    file = last_pick_file(os.environ)
    if found:
        keep_pick(file, found)
    goproxy = found or read_last_pick(file) or mirrors[0].url
    line = {
        "shell": f"export GOPROXY='{goproxy}'",
        "dotenv": f'GOPROXY="{goproxy}"',
        "github": f"GOPROXY={goproxy}",
    }[form]
    if not found:
        options.output.note(f"no mirror answered in time; not tried: {goproxy}")
    report = PickReport(goproxy, answered=bool(found))
    options.output.result("mirrors", report, [line])
