"""A site with a past and a neighbour, to take parts of: what belongs together?

`Kin` is a site as it is now, as it was (a backup), and another site of the same
upstream. `afflict` makes one part of the present site missing, empty, older, foreign,
or as gosync left it before stores had an identity.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from gosync.catalog.db import Catalog
from tests.integration.site import OK, Site, digests
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module

PRIVATE = "corp.example/secret"
PARTS = ("store", "catalog", "journal", "blobs", "tree")
STATES = ("missing", "empty", "older", "foreign", "nameless")
_PLACES = {
    "store": "store",
    "catalog": "store/catalog.sqlite",
    "journal": "store/journal",
    "blobs": "store/blobs",
    "tree": "public",
}


class Kin:
    """The folders; all but the site's are left as they are.

    Attributes:
        now: A copy of the site.
        older: One from before its last sync.
        foreign: Another site.
    """

    def __init__(self, folder: Path, sim: Simulator, *, private: bool = True) -> None:
        self._sim, self._private = sim, private
        self.now, self.older = folder / "now", folder / "older"
        self.foreign = folder / "foreign"
        self._folder = folder / "site"  # always here: a tree is known by its path
        self._publish("v1.0.0")
        site = self._site(self._folder)
        site.sync()
        shutil.copytree(self._folder, self.older, symlinks=True)
        self._publish("v1.1.0")
        sim.log.grow(300)
        site.sync()
        shutil.copytree(self._folder, self.now, symlinks=True)
        self._site(self.foreign).sync()

    def _publish(self, version: str) -> None:
        self._sim.publish(module(UPPER, version))
        if self._private:
            self._sim.publish_private(module(PRIVATE, version))

    def _site(self, folder: Path) -> Site:
        site = Site(
            folder, self._sim, modules=[UPPER, *self._names()], private=self._names()
        )
        site.declare(target=[{"name": "inside"}], bundle={"trust": "tmp/trust.toml"})
        if not (folder / "tmp" / "trust.toml").exists():
            key = site.run("key", "new", "packer", "--dir", "tmp", expect=OK).document
            (folder / "tmp" / "trust.toml").write_text(key["trust"])
        return site

    def _names(self) -> list[str]:
        return [PRIVATE] if self._private else []

    def site(self) -> Site:
        """Return the site as it is now, whatever became of it since."""
        shutil.rmtree(self._folder)
        shutil.copytree(self.now, self._folder, symlinks=True)
        return self._site(self._folder)

    def afflict(self, site: Site, part: str, state: str) -> None:
        """Change one part of a site."""
        place = _PLACES[part]
        path = site.folder / place
        if state == "nameless":
            _unname(site, part)
            return
        if part == "catalog":
            _remove_side_files(path)
        is_folder = path.is_dir()
        shutil.rmtree(path) if is_folder else path.unlink()
        if state == "empty":
            path.mkdir() if is_folder else path.touch()
        elif state != "missing":
            source = getattr(self, state) / place
            if is_folder:
                shutil.copytree(source, path, symlinks=True)
            else:
                shutil.copyfile(source, path)


def hollow(site: Site) -> None:
    """Put a catalog in place that has every table and no row."""
    path = site.store / "catalog.sqlite"
    _remove_side_files(path)
    path.unlink()
    Catalog.open(path, create=True).close()


def unname(site: Site) -> None:
    """Make a site as gosync left it before stores had an identity."""
    for part in ("store", "catalog", "journal", "tree"):
        _unname(site, part)


def kept(site: Site) -> dict[str, str]:
    """Return what nobody may take away: the tree's module files, and the blobs."""
    tree = {
        name: digest
        for name, digest in digests(site.tree).items()
        if name.endswith((".zip", ".mod", ".info"))
    }
    blobs = digests(site.store / "blobs") if (site.store / "blobs").is_dir() else {}
    return {**tree, **{f"blobs/{name}": digest for name, digest in blobs.items()}}


def lost(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return what is not as it was."""
    return {name for name, digest in before.items() if after.get(name) != digest}


def _unname(site: Site, part: str) -> None:
    if part == "store":
        (site.store / "store.json").unlink()
    elif part == "catalog":
        with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
            catalog.execute("DELETE FROM identity")
            catalog.commit()
    elif part == "journal":
        for file in (site.store / "journal").iterdir():
            lines = file.read_bytes().splitlines(keepends=True)
            file.write_bytes(b"".join(x for x in lines if b'"kind":"store"' not in x))
    elif part == "tree":
        file = site.tree / ".gosync" / "tree.json"
        marker = json.loads(file.read_bytes())
        for key in ("store", "generation"):
            del marker[key]
        file.write_text(json.dumps(marker))


def _remove_side_files(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
