"""All that the simulator holds as files, for a file server to serve.

That is proxy and checksum database: for every module `list`, `@latest`, `.info`,
`.mod`, `.zip` and the commit's `.info`; `supported`, `latest`, every lookup, and
every tile of the current tree, full ones and the edge. The index answers queries
and is no file; ``index=True`` writes its first page, which says the same to a
client that asks for anything earlier, as long as there are fewer than 2 000 rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.demo.exchange import HttpRequest
from gosync.demo.modules import commit_hash
from gosync.demo.upstream import SampleUpstream
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.sumdb.tile import new_tiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def write_static(upstream: SampleUpstream, root: Path, *, index: bool = False) -> int:
    """Write the tree below ``root`` and return the number of files."""
    paths = [*proxy_paths(upstream), *database_paths(upstream)]
    if index:
        paths.append("/index")
    write_paths(upstream, paths, root)
    return len(paths)


def write_paths(upstream: SampleUpstream, paths: Iterable[str], root: Path) -> None:
    """Write what is answered for each path below ``root``."""
    for path in paths:
        # The true answer: faults do not count here.
        answer = SampleUpstream.answer(upstream, HttpRequest("GET", path, path))
        assert answer.status == 200, path
        assert isinstance(answer.body, bytes)
        file = root / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.body)


def proxy_paths(upstream: SampleUpstream) -> Iterator[str]:
    """Yield the path of every file of the proxy, ``!`` as on disk."""
    versions = upstream.module_versions()
    for path in dict.fromkeys(mv.path for mv in versions):
        yield f"/{escape_path(path)}/@v/list"
        yield f"/{escape_path(path)}/@latest"
    seen: set[str] = set()
    for mv in versions:
        folder = f"/{escape_path(mv.path)}/@v"
        for suffix in ("info", "mod", "zip"):
            yield f"{folder}/{escape_version(mv.version)}.{suffix}"
        alias = f"{folder}/{commit_hash(upstream.publication(mv).source)}.info"
        if alias not in seen:
            seen.add(alias)
            yield alias


def database_paths(upstream: SampleUpstream) -> Iterator[str]:
    """Yield the path of every file of the database, below the proxy."""
    base = f"/sumdb/{upstream.log.name}"
    if upstream.database.supported:
        yield f"{base}/supported"
    for mv in upstream.module_versions():
        if upstream.publication(mv).logged:
            upstream.database.find(mv)  # may make the record, before the tiles
    yield from log_paths(upstream)


def log_paths(upstream: SampleUpstream) -> Iterator[str]:
    """Yield the path of every lookup of a record, the head and the tiles."""
    base = f"/sumdb/{upstream.log.name}"
    for mv in upstream.log.module_versions():
        yield f"{base}/lookup/{_lookup_name(mv)}"
    yield f"{base}/latest"
    for tile in new_tiles(0, upstream.log.size):
        yield f"{base}/{tile.path()}"


def _lookup_name(mv: ModuleVersion) -> str:
    return f"{escape_path(mv.path)}@{escape_version(mv.version)}"
