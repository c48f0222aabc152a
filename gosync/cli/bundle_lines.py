"""Lines about one bundle that the commands of ``gosync bundle`` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gosync.bundle.format.artifacts import ArtifactEntry, skipped_artifacts
from gosync.bundle.format.header import Header
from gosync.bundle.format.manifest import WithdrawnEntry
from gosync.cli.vulnlines import vulnerable_line
from gosync.config.sizes import format_size
from gosync.ingest.vulnnews import VulnNews
from gosync.text import printable

_VULNERABLE_SHOWN = 20


def withdrawn_lines(entries: Iterable[WithdrawnEntry]) -> Iterator[str]:
    """Yield what a bundle withdraws, for people."""
    for each in entries:
        yield f"withdraws {each.path}@{each.version}: {printable(each.reason)}"


def vulnerable_lines(news: VulnNews) -> Iterator[str]:
    """Yield what became known as vulnerable, for people."""
    for each in news.found[:_VULNERABLE_SHOWN]:
        yield f"newly known: {vulnerable_line(each)}"
    more = len(news.found[_VULNERABLE_SHOWN:]) + news.more
    if more:
        yield f"... and {more} more; `gosync vulns` names them"


def tiles_text(header: Header) -> str:
    """Return how many tiles a bundle has, their size, and for whom they are."""
    size = f", {format_size(header.tile_bytes)}" if header.tile_bytes else ""
    some = header.old_head_tiles
    return f"{header.tiles} tiles{size}" + (
        f", {some} of them for older tree heads" if some else ""
    )


def artifacts_text(count: int) -> str:
    """Return how many artifacts there are, behind a comma; "" for none."""
    return f", {count} artifacts" if count else ""


def skipped_lines(entries: Iterable[ArtifactEntry]) -> Iterator[str]:
    """Yield what this gosync does not know of a bundle, and therefore skips."""
    for kind, count in skipped_artifacts(entries).items():
        yield f"skipped {count} artifacts of kind {kind}: this gosync is older"
