"""A tree that has what gosync.gomod.needs names and nothing else.

Files are links to those of a full tree (tests/simulator/static.py). Of what is
needed as ``.mod`` alone there is ``.mod`` and ``.info``; ``list`` and ``@latest``
are those that gosync.publish makes of such versions; the checksum database is
whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gosync.catalog.versions import State, VersionRow
from gosync.folder.routes import VersionRoutes, of_module
from gosync.gomod.latest import GoModFacts, latest_of, read_facts
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.module import ModuleVersion, escape_path
from gosync.gomod.needs import Needs
from gosync.gomod.pseudo import is_pseudo_version
from gosync.publish.contents import contents_of

_DIGEST = "0" * 64


class FullTree:
    """All that an upstream has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._latest: dict[str, str] = {}

    def facts(self, mv: ModuleVersion) -> GoModFacts:
        """Read a version's .mod."""
        return read_facts(mv.path, (self.folder / routes(mv).mod).read_bytes())

    def load(self, mv: ModuleVersion, /) -> GoMod | None:
        """Return a version's go.mod, or None."""
        file = self.folder / routes(mv).mod
        return parse_lax(file.read_bytes()) if file.exists() else None

    def latest(self, paths: Sequence[str], /) -> Mapping[str, str]:
        """Return what ``latest`` means of these modules, as far as there are any."""
        for path in paths:
            if path not in self._latest:
                self._latest[path] = self._find_latest(path)
        return {path: self._latest[path] for path in paths if self._latest[path]}

    def _find_latest(self, path: str) -> str:
        folder = self.folder / escape_path(path) / "@v"
        if not folder.is_dir():
            return ""
        versions = [each.stem for each in folder.glob("*.mod")]
        tagged = [each for each in versions if not is_pseudo_version(each)]
        found = latest_of(tagged, lambda each: self.facts(ModuleVersion(path, each)))
        commits = [each for each in versions if is_pseudo_version(each)]
        return found.or_unlisted(max(commits, default=None)) or ""

    def only(self, needs: Needs, target: Path, *, without: Iterable[str] = ()) -> None:
        """Make a tree of what is needed, but for some files."""
        names = files_of(needs) - set(without)
        infos = {routes(mv).info for mv in needs.mods - needs.zips}
        for name in names | infos:
            _link(self.folder / name, target / name)
        for path in {mv.path for mv in needs.mods}:
            self._write_module(path, needs, target)
        (target / "sumdb").symlink_to(self.folder / "sumdb")

    def _write_module(self, path: str, needs: Needs, target: Path) -> None:
        rows = [_row(mv, needs) for mv in needs.mods if mv.path == path]
        contents = contents_of(path, rows, read_facts=self._facts_of_row)
        if contents.has_list:
            (target / contents.at.list).write_bytes(contents.list_bytes)
        if contents.latest is not None:
            _link(self.folder / contents.latest.at.info, target / contents.at.latest)

    def _facts_of_row(self, row: VersionRow) -> GoModFacts:
        return self.facts(ModuleVersion(row.path, row.version))


def routes(mv: ModuleVersion) -> VersionRoutes:
    """Return where a version's files lie."""
    return of_module(mv.path).of_version(mv.version)


def files_of(needs: Needs) -> set[str]:
    """Return the names of the files that are needed, of all versions."""
    mods = {routes(mv).mod for mv in needs.mods}
    return mods | {
        name for mv in needs.zips for name in (routes(mv).info, routes(mv).zip)
    }


def _row(mv: ModuleVersion, needs: Needs) -> VersionRow:
    return VersionRow(
        mv.path,
        mv.version,
        state=State.PRESENT,
        mod_digest=_DIGEST,
        zip_digest=_DIGEST if mv in needs.zips else None,
    )


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)


def copy_project(project: Path, target: Path) -> Path:
    """Copy a project's folder."""
    return shutil.copytree(project, target)
