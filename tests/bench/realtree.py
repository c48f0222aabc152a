"""Real modules for a figure: a folder of a proxy's files, and a log that has them.

The folder is in the form that GOPROXY has (``PATH/@v/VERSION.{info,mod,zip}``), as a
proxy's cache or a published tree is; nothing is fetched. A text file names the
modules, one ``path@version`` a line; without one all are taken that have a zip there.
The checksum database is a signed sample log with their records among others, so that
whoever is measured proves the same, and asks nobody outside.
"""

from __future__ import annotations

from pathlib import Path

from gosync.folder.routes import module_of_folder, version_of_name
from gosync.gomod.dirhash import hash_go_mod, hash_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from tests.simulator.simulator import Simulator
from tests.simulator.static import log_paths, write_paths


def listed_modules(folder: Path, listed: Path | None) -> list[ModuleVersion]:
    """Return the modules that are named, or all that have a zip below the folder."""
    if listed is not None:
        lines = listed.read_text().split()
        return [ModuleVersion(*line.rsplit("@", 1)) for line in lines]
    found = []
    for file in sorted(folder.rglob("@v/*.zip")):
        routes = module_of_folder(str(file.parent.relative_to(folder)))
        named = version_of_name(file.name)
        if routes is not None and named is not None:
            found.append(ModuleVersion(routes.path, named[0]))
    return found


def zip_path(mv: ModuleVersion) -> str:
    """Return where a version's zip is, below a root."""
    name = f"{escape_version(mv.version)}{FileKind.ZIP.suffix}"
    return f"{escape_path(mv.path)}/@v/{name}"


def write_real(
    folder: Path, modules: list[ModuleVersion], root: Path, *, records: int
) -> str:
    """Link the modules' files below a root, beside a log; return the verifier key."""
    upstream = Simulator()
    for mv in modules:
        upstream.log.grow(records // len(modules))
        there = folder / escape_path(mv.path) / "@v"
        here = root / escape_path(mv.path) / "@v"
        here.mkdir(parents=True, exist_ok=True)
        files = {
            kind: f"{escape_version(mv.version)}{kind.suffix}" for kind in FileKind
        }
        for name in files.values():
            (here / name).symlink_to((there / name).resolve())
        data = (there / files[FileKind.ZIP]).read_bytes()
        upstream.log.add(
            mv,
            zip_h1=_zip_h1(data),
            mod_h1=hash_go_mod((there / files[FileKind.MOD]).read_bytes()),
        )
    supported = f"/sumdb/{upstream.log.name}/supported"
    write_paths(upstream, [supported, *log_paths(upstream)], root)
    return upstream.verifier_key


def _zip_h1(data: bytes) -> str:
    return hash_zip(lambda at, size: data[at : at + size], len(data))
