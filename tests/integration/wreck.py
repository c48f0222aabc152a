"""A small complete site, what must hold of it in ruins, and what mended means.

`Story` has two chapters: a first sync of several kinds of modules, and a second
one after new versions appeared and the tree head moved. `check_ruins` looks at
what a killed run left, without touching it; `snapshot` is what two sites that
carry the same have in common, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from gosync.folder.indexfiles import (
    INDEX_FOLDER,
    IndexKind,
    is_index_file,
    parse_index_name,
    parse_lines,
)
from gosync.folder.routes import FEED, MARKER, STATUS
from tests.integration.site import Site, digests, files_below
from tests.integration.steps import Run, Stepper
from tests.simulator import Simulator
from tests.simulator.standard import (
    DOTTED_MAJOR,
    NO_GO_MOD,
    PRIVATE,
    PSEUDO_NEW,
    PSEUDO_OLD,
    PSEUDO_ONLY,
    UPPER,
    module,
    standard_sources,
)
from tests.unit.publish.invariants import check_lists, check_lookups

SIDE_BY_SIDE = 2
_MEMORY = Path("/dev/shm")
_SAME_IN_ROWS = (
    "path, version, state, need, info_digest, mod_digest, mod_h1, zip_digest,"
    " zip_h1, proof, record_id, record_text, commit_hash, version_time"
)


class Story:
    """An upstream with two chapters, and sites of it in fresh folders."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        sim.log.grow(700)
        plain = [s for s in standard_sources() if s.path == NO_GO_MOD]
        for source in (*plain, module(DOTTED_MAJOR, "v1.0.0")):
            sim.publish(source)
        sim.publish(module(UPPER, "v1.0.0"))
        sim.publish(module(PSEUDO_ONLY, PSEUDO_OLD))
        sim.publish_private(module(PRIVATE, "v1.0.0"))
        self.grow(300)

    def go_on(self) -> None:
        """Publish the second chapter."""
        self.sim.publish(module(UPPER, "v1.1.0", day=10))
        self.sim.publish(module(PSEUDO_ONLY, PSEUDO_NEW, day=60))
        self.sim.publish_private(module(PRIVATE, "v1.1.0", day=9))
        self.grow(300)

    def grow(self, records: int) -> None:
        """Grow the log; lookups stay stamped with the older head, as in caches."""
        self.sim.database.lookup_size = self.sim.log.size
        self.sim.log.grow(records)

    def site(self, folder: Path, *, min_free: str = "1MiB") -> Site:
        """Return a site that has nothing yet."""
        selected = [UPPER, PRIVATE, f"{DOTTED_MAJOR}@v1.0.0/go.mod", "std.example/*"]
        return Site(
            folder,
            self.sim,
            modules=selected,
            index=True,
            private=["corp.example"],
            upstream={"list_interval_seconds": 0},
            min_free=min_free,
        )


class Wrecker:
    """Prepares a site for a chapter, again and again, and runs gosync on it."""

    def __init__(self, story: Story, folder: Path, stepper: Stepper) -> None:
        self._story = story
        self._folder = folder
        self._stepper = stepper
        self._start: Path | None = None

    def begin_second(self) -> None:
        """From now on, sites are as after the first chapter."""
        site = self._story.site(self._folder / "site")
        first = self.sync(site)
        assert first.code == 0, first.stderr or first.stdout
        self._start = self._folder / "start"
        _copy(site.folder, self._start)

    def site(self) -> Site:
        """Return the site as before the chapter, always in one folder."""
        folder = self._folder / "site"
        shutil.rmtree(folder, ignore_errors=True)
        if self._start is not None:
            _copy(self._start, folder)
        return self._story.site(folder)

    def sync(self, site: Site, **how: object) -> Run:
        """Run `gosync sync`; see Stepper.run."""
        return self._stepper.run(site, "sync", **how)  # type: ignore[arg-type]


@contextmanager
def wreckers(story: Story, folder: Path, count: int) -> Iterator[list[Wrecker]]:
    """Yield wreckers that work side by side."""
    if count == 0:
        yield []
        return
    with (
        Stepper() as stepper,
        in_memory(folder) as at,
        wreckers(story, folder, count - 1) as others,
    ):
        yield [*others, Wrecker(story, at, stepper)]


@contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """Yield a folder in memory if there is such a place.

    What is killed or refused here is the same on every file system, and a sync of a
    disk would take most of the time.
    """
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else otherwise
    with tempfile.TemporaryDirectory(prefix="wrecker-", dir=place) as name:
        yield Path(name)


class Chapter:
    """One chapter of the story: its reference, and attempts that are killed."""

    def __init__(self, story: Story, turn: int, workers: list[Wrecker]) -> None:
        for worker in workers:
            if turn == 2:
                worker.begin_second()
        if turn == 2:
            story.go_on()
        self.workers = workers
        worker = workers[0]
        site = worker.site()
        self.whole = worker.sync(site)
        assert self.whole.code == 0, self.whole.stderr
        check_mended(site)
        site.check_tree(story.sim)
        self.want = snapshot(site)
        again = worker.sync(site)
        assert again.code == 0
        assert snapshot(site) == self.want

    def attempt(self, worker: Wrecker, **how: object) -> tuple[str, str] | None:
        """Kill one run, mend it; return the step it was killed at, if it was."""
        site = worker.site()
        run = worker.sync(site, **how)
        if run.code == 0:
            return None
        step = (run.steps[-1].call, run.steps[-1].path) if run.steps else ("", "")
        assert run.code == -signal.SIGKILL, run.stderr
        check_ruins(site)
        mended = worker.sync(site)
        assert mended.code == 0, (step, mended.stderr)
        check_mended(site)
        assert difference(snapshot(site), self.want) == {}, step
        return step

    def spread(
        self, work: Callable[[Wrecker, int], None], numbers: Sequence[int]
    ) -> None:
        """Do work for every number, the workers side by side."""

        def share(place: int) -> None:
            for number in numbers[place :: len(self.workers)]:
                work(self.workers[place], number)

        with ThreadPoolExecutor(len(self.workers)) as pool:
            list(pool.map(share, range(len(self.workers))))


@contextmanager
def chapters(folder: Path) -> Iterator[Callable[[int], Chapter]]:
    """Yield what returns the first or the second chapter, each made when asked for.

    Its workers work on fresh sites, so several tests can share it.
    """
    with ExitStack() as stack:

        @cache
        def chapter(turn: int) -> Chapter:
            story = Story(stack.enter_context(Simulator()))
            workers = wreckers(story, folder, SIDE_BY_SIDE)
            return Chapter(story, turn, stack.enter_context(workers))

        yield chapter


def difference(found: dict[str, object], want: dict[str, object]) -> dict[str, object]:
    names = sorted(found.keys() | want.keys())
    return {
        name: (found.get(name), want.get(name))
        for name in names
        if found.get(name) != want.get(name)
    }


def check_ruins(site: Site) -> None:
    """Check what must hold at any instant, and change nothing."""
    blobs = site.store / "blobs" / "sha256"
    sizes = {}
    for file in files_below(blobs):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name
        sizes[file.name] = file.stat().st_size
    rows = _present_rows(site)
    for path, version, *named in rows:
        for digest, size_bytes in zip(named[::2], named[1::2], strict=True):
            there = digest is None or sizes.get(digest) == size_bytes
            assert there, f"{path}@{version} names {digest}"
    assert {(path, version) for path, version, *_ in rows} <= _journaled(site)
    check_lists(site.tree)
    check_lookups(site.tree, site_database(site))


def check_mended(site: Site) -> None:
    """Check a site after a whole run: nothing lies about."""
    check_ruins(site)
    site.check_store()
    site.check_folder()
    files = {str(file.relative_to(site.folder)) for file in files_below(site.folder)}
    odd = [name for name in files if _is_left_over(name)]
    assert odd == [], odd
    assert list((site.tree / ".gosync" / "staging").iterdir()) == []


def snapshot(site: Site) -> dict[str, object]:
    """Return what sites that carry the same have in common.

    The tree, its folders and modes included, but not its feed and status.json, and not
    which store it is of and how far that had come; the store's blobs and evidence, and
    bundles that wait; the rows of the catalog as far as they do not say when and from
    which batch.
    """
    tree: dict[str, object] = {
        f"tree/{name}": (digest, stat.S_IMODE((site.tree / name).stat().st_mode))
        for name, digest in digests(site.tree).items()
        if name not in (FEED, STATUS) and not is_index_file(name)  # they say when
    }
    tree["index"] = indexed(site.tree)
    tree[f"tree/{MARKER}"] = _marker(site.tree / MARKER)
    for folder in site.tree.rglob("*/"):
        mode = stat.S_IMODE(folder.stat().st_mode)
        tree[f"tree/{folder.relative_to(site.tree)}/"] = mode
    for part in ("blobs", "quarantine", "bundles"):
        for name, digest in digests(site.store / part).items():
            tree[f"{part}/{name}"] = digest
    with _catalog(site) as catalog:
        for row in catalog.execute(f"SELECT {_SAME_IN_ROWS} FROM versions"):
            tree["row {}@{}".format(*row[:2])] = row
        tree["heads"] = catalog.execute("SELECT name, note FROM heads").fetchall()
        tree["pins"] = catalog.execute(
            "SELECT path, version, mod_h1, zip_h1 FROM pins ORDER BY path, version"
        ).fetchall()
        tree["imports"] = catalog.execute(
            "SELECT bundle_id, sequence, state FROM imports ORDER BY sequence"
        ).fetchall()
        tree["failures"] = catalog.execute("SELECT * FROM failures").fetchall()
    return tree


def indexed(tree: Path) -> dict[str, list[str]]:
    """Return the versions that a tree's index names, by the kind of its lines."""
    found: dict[str, list[str]] = {}
    for file in (tree / INDEX_FOLDER).rglob("*.jsonl"):
        part = parse_index_name(file.relative_to(tree / INDEX_FOLDER).as_posix())
        assert part is not None
        lines = parse_lines(file.read_bytes())
        if lines and part.kind is not IndexKind.GONE:  # that tells of a history
            names = (f"{line.path}@{line.version}" for line in lines)
            found[part.kind] = sorted([*found.get(part.kind, ()), *names])
    return found


def _marker(file: Path) -> dict[str, object]:
    """Return what a tree's marker says, but not of its store: each site has its own."""
    marker = json.loads(file.read_bytes())
    return {key: marker[key] for key in marker.keys() - {"store", "generation"}}


def ledger(site: Site) -> list[tuple[str, str, int, str]]:
    """Return id, target, number and state of each bundle that was made here."""
    with _catalog(site) as catalog:
        return catalog.execute(
            "SELECT bundle_id, target, sequence, state FROM bundles ORDER BY sequence"
        ).fetchall()


def site_database(site: Site) -> str:
    """Return the name of the site's checksum database."""
    folders = [each.name for each in (site.tree / "sumdb").glob("*")]
    return folders[0] if folders else ""


def _present_rows(site: Site) -> list[tuple[Any, ...]]:
    with _catalog(site) as catalog:
        tables = catalog.execute("SELECT name FROM sqlite_schema").fetchall()
        if ("versions",) not in tables:
            return []
        return catalog.execute(
            "SELECT path, version, info_digest, info_bytes, mod_digest, mod_bytes,"
            " zip_digest, zip_bytes FROM versions WHERE state = 'present'"
        ).fetchall()


@contextmanager
def _catalog(site: Site) -> Iterator[sqlite3.Connection]:
    """Open a copy: whoever opens the catalog itself recovers it."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "catalog.sqlite"
        for file in site.store.glob("catalog.sqlite*"):
            shutil.copyfile(file, copy.with_name(file.name))
        with closing(sqlite3.connect(copy)) as connection:
            yield connection


def _journaled(site: Site) -> set[tuple[str, str]]:
    lines = site.journal().split(b"\n")[:-1]  # what has no newline is torn
    entries = [json.loads(line) for line in lines]
    return {(e["path"], e["version"]) for e in entries if e["kind"] == "version"}


def _is_left_over(name: str) -> bool:
    base = name.rpartition("/")[2]
    return base.startswith(".") or base.endswith((".tmp", "-wal", "-shm", "-journal"))


def _copy(source: Path, target: Path) -> None:
    """Copy a folder with its hard links."""
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)
