"""One gosync site in a folder: its configuration, the real CLI, and what it left.

    site = Site(tmp_path, sim, modules=["std.example/tree"])
    result = site.sync()                    `gosync sync --json`
    result.code, result.document            exit code and parsed JSON
    site.tree, site.store                   folders
    site.check(sim)                         every invariant that can be seen

The folder holds nothing but the configuration, the store, the tree, and the empty
folders that HOME and TMPDIR name; ``check`` fails when anything else turns up.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import anyio

from gosync.demo.exchange import RequestKind
from gosync.demo.treecheck import check_tree
from gosync.folder.indexfiles import is_index_file
from gosync.folder.routes import FEED, STATUS
from gosync.gomod.module import unescape_path
from gosync.gomod.patterns import PatternSet
from gosync.sumdb.names import parse_gosumdb
from tests.integration import forked, here
from tests.integration.remains import (
    Evidence,
    FileState,
    check_files,
    check_folder,
    check_store,
    digests,
    files_below,
    module_files,
    read_evidence,
    state_of,
)
from tests.integration.result import Result, expected, parse_result
from tests.integration.siteconfig import Section, toml_section, upstream_section
from tests.simulator import Simulator

__all__ = ["Site", "digests", "files_below"]

CHECKOUT = forked.CHECKOUT
OK, USAGE, MISSING, STANDS_OPEN, SECURITY, STORE, LOCKED, NO_SPACE, UNAVAILABLE = (
    0,
    2,
    3,
    4,
    6,
    7,
    11,
    15,
    75,
)


class _Place(TypedDict):
    folder: Path
    environment: dict[str, str]


class Site:
    """A configured gosync."""

    def __init__(
        self,
        folder: Path,
        sim: Simulator | None = None,
        *,
        modules: Sequence[str] = (),
        versions: str = "all",
        index: bool = False,
        private: Sequence[str] = (),
        upstream: Mapping[str, object] | None = None,
        min_free: str = "1MiB",
    ) -> None:
        """Write the configuration.

        Args:
            folder: An empty folder.
            sim: The upstream: its proxy, its database and, with ``index``, its
                index. None when ``upstream`` says all.
            modules: The one ``[[select]]``'s modules.
            versions: Its version rule.
            index: Whether the index is followed.
            private: GOPRIVATE patterns.
            upstream: Further keys of ``[upstream]``, and other values.
            min_free: What must stay free on the disk.
        """
        self.folder = folder
        self.store = folder / "store"
        self.tree = folder / "public"
        self.config_file = folder / "gosync.toml"
        self._private = list(private)
        self._min_free = min_free
        self._upstream = upstream_section(sim, index=index, private=private)
        self._upstream |= dict(upstream or {})
        self._sections: dict[str, Section] = {}
        self.variables: dict[str, str] = {}
        for name in ("home", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.select(modules, versions=versions)

    # The configuration.

    def select(
        self, modules: Sequence[str], *, versions: str = "all", **keys: object
    ) -> None:
        """Write the configuration anew with this one select and its further keys."""
        one = {"modules": list(modules), "versions": versions, **keys}
        self.declare(select=[one] if modules else [])

    def declare(self, **sections: Section) -> None:
        """Write the configuration anew with these sections; a list is of several."""
        self._sections |= sections
        self._write()

    def configure(self, values: Mapping[str, object]) -> None:
        """Write the configuration anew with these keys of ``[upstream]``."""
        self._upstream |= dict(values)
        self._write()

    def twin(self, folder: Path) -> Site:
        """Return a fresh site of the same configuration in another folder."""
        twin = Site(folder, private=self._private, upstream=self._upstream)
        twin.declare(**self._sections)
        return twin

    def _write(self) -> None:
        sections: dict[str, Section] = {
            "store": {"path": "store", "min_free": self._min_free},
            "upstream": self._upstream,
            "publish": {"tree": "public"},
            **self._sections,
        }
        text = "".join(toml_section(*each) for each in sections.items())
        self.config_file.write_text(text, encoding="utf-8")

    # Running it.

    @property
    def environment(self) -> dict[str, str]:
        """The environment of each command: nothing of the developer's own."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            **self.variables,
        }

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of ``gosync ARGUMENTS --json``."""
        return [sys.executable, "-m", "gosync", *arguments, "--json", "--no-progress"]

    @property
    def _place(self) -> _Place:
        return {"folder": self.folder, "environment": self.environment}

    def _line(self, arguments: Sequence[str]) -> list[str]:
        return self.command(*arguments)[3:]

    def start(self, *arguments: str) -> forked.Process:
        """Start a command; the caller ends it."""
        return forked.start(self._line(arguments), **self._place)

    def run(
        self,
        *arguments: str,
        expect: int | None = None,
        prefix: Sequence[str] = (),
        timeout_seconds: float = 120,
    ) -> Result:
        """Run a command to its end; ``expect`` is the exit code it must have.

        Without a prefix it runs in this process where it can, and in a fork of one
        that has imported gosync otherwise.
        """
        if prefix:
            result = self._started(arguments, prefix, timeout_seconds)
        elif here.can_run():
            result = parse_result(*here.run(self._line(arguments), **self._place))
        else:
            result = self._forked(arguments, timeout_seconds)
        return expected(result, expect)

    def fork(self, *arguments: str, expect: int | None = None) -> Result:
        """Run a command to its end in a process of its own."""
        return expected(self._forked(arguments, 120), expect)

    def _forked(self, arguments: Sequence[str], timeout_seconds: float) -> Result:
        ended = forked.run(
            self._line(arguments), **self._place, timeout_seconds=timeout_seconds
        )
        return parse_result(*ended)

    def _started(
        self,
        arguments: Sequence[str],
        prefix: Sequence[str],
        timeout_seconds: float,
    ) -> Result:
        """Run a command as users do, behind a prefix like strace."""
        done = subprocess.run(
            [*prefix, *self.command(*arguments)],
            check=False,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
        )
        return parse_result(done.returncode, done.stdout, done.stderr)

    def people(self, *arguments: str) -> str:
        """Return what a command prints for people."""
        command = [each for each in self._line(arguments) if each != "--json"]
        return forked.run(command, **self._place, timeout_seconds=120)[1]

    def sync(self, *arguments: str, expect: int | None = OK) -> Result:
        """Run ``gosync sync``."""
        return self.run("sync", *arguments, expect=expect)

    def status(self) -> dict[str, Any]:
        """Return what ``gosync status`` says, whatever is missing or found."""
        result = self.run("status")
        assert result.code in (OK, MISSING, STANDS_OPEN, SECURITY)
        assert result.code == result.document["exit_code"]
        return result.document

    def states(self) -> dict[str, str]:
        """Return the state of every known version by ``path@version``."""
        rows = self.run("list", "--all", expect=OK).document["versions"]
        return {f"{row['path']}@{row['version']}": row["state"] for row in rows}

    # What it left.

    def tree_files(self) -> dict[str, str]:
        """Return the sha256 of every file of the tree.

        All but gosync's own, and feed, index and status.json, which tell of this site
        alone.
        """
        found = digests(self.tree)
        for name in (FEED, STATUS):
            found.pop(name, None)
        return {
            name: digest
            for name, digest in found.items()
            if not (name.startswith(".gosync/") or is_index_file(name))
        }

    def carried(self) -> set[str]:
        """Return the ``path@version`` of every zip in the tree."""
        return {
            str(mv)
            for _, mv, kind in module_files(self.tree)
            if kind is RequestKind.ZIP
        }

    def listed(self) -> set[str]:
        """Return the ``path@version`` that the tree's lists name."""
        return {
            f"{unescape_path(str(file.parent.parent.relative_to(self.tree)))}@{version}"
            for file in self.tree.glob("**/@v/list")
            for version in file.read_text().split()
        }

    def states_of_files(self) -> dict[str, FileState]:
        """Return inode, time and size of every file in tree, blobs and journal.

        All but status.json, which says when it was written.
        """
        folders = (self.tree, self.store / "blobs", self.store / "journal")
        return {
            str(file.relative_to(self.folder)): state_of(file)
            for folder in folders
            for file in files_below(folder)
            if file != self.tree / STATUS
        }

    def quarantine(self, subject: str | None = None) -> list[Evidence]:
        """Return the evidence that was kept, of one subject or of all."""
        found = map(read_evidence, sorted((self.store / "quarantine").glob("*")))
        return [each for each in found if subject in (None, each.subject)]

    def journal(self) -> bytes:
        """Return the whole journal."""
        files = sorted((self.store / "journal").glob("*.jsonl"))
        return b"".join(file.read_bytes() for file in files)

    # What must always hold.

    def check(self, sim: Simulator | None = None) -> None:
        """Check every invariant that can be seen from outside.

        With the simulator: the tree is proven with its key by a client of its
        own, and each file in it is what the simulator published.
        """
        self.check_store()
        self.check_folder()
        if sim is not None:
            self.check_tree(sim)

    def check_converges(self, sim: Simulator, folder: Path) -> None:
        """Sync once more: the tree becomes that of a site that met no fault.

        Where the log has grown meanwhile, it also keeps tiles of older heads.
        """
        assert self.sync("--retry").failed == {}
        self.check(sim)
        clean = self.twin(folder)
        clean.sync()
        self.check_tree_of(clean)

    def check_tree_of(self, fresh: Site) -> None:
        """The tree says what that of a site says which was published at once.

        It may have tiles of older heads besides, and lookups that carry these: their
        records are the same. That all of them are served ``check`` has proven.
        """
        ours, theirs = self.tree_files(), fresh.tree_files()
        for name in ours.keys() & theirs.keys():
            if name.startswith("sumdb/") and "/lookup/" in name:
                ours[name], theirs[name] = self._record(name), fresh._record(name)
        assert {name: ours.get(name) for name in theirs} == theirs
        assert all("/tile/8/" in name for name in ours.keys() - theirs.keys())

    def _record(self, lookup: str) -> str:
        return (self.tree / lookup).read_bytes().partition(b"\n\n")[0].decode()

    def check_store(self) -> None:
        """No row without its blobs; every blob whole, named by its digest, 0444."""
        check_store(self.store)

    def check_folder(self) -> None:
        """Nothing lies where gosync has no business; no link leads anywhere."""
        check_folder(self.folder)

    def check_tree(self, sim: Simulator) -> None:
        """Prove the tree, and hold its files against what was published.

        Of a private module there is no proof; its files are compared alone.
        """
        check_files(self.tree, sim)
        if self._upstream["sumdb"] != "off":
            self.check_proven(sim)

    def check_proven(self, sim: Simulator) -> None:
        """Prove every public version that the tree lists, from the tree alone."""
        database = parse_gosumdb(sim.verifier_key)
        assert database is not None
        check = partial(check_tree, self.tree, database, private=self._private)
        proven = {str(mv) for mv in anyio.run(check)}
        unproven = PatternSet(self._private)
        public = {v for v in self.listed() if not unproven.match(v.partition("@")[0])}
        assert proven == public
