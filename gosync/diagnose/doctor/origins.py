"""What the repository itself has of a version: the h1 that ``go`` would make of it.

Asked only where ``direct`` is among the ways to the module, so that ``go`` might ask it
too, where GOVCS allows git and there is one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.repository import RepositoryPlace, find_place, may_use
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageLog
from gosync.diagnose.doctor.web import Web
from gosync.errors import GosyncError
from gosync.folder.routes import of_module
from gosync.git.command import has_git
from gosync.git.making import make_version
from gosync.git.module import RepositoryModule
from gosync.git.repository import GitRepository
from gosync.git.revisions import ModuleRevisions
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion, split_path_version


class OriginZip(msgspec.Struct, frozen=True):
    """A version as its repository has it.

    Attributes:
        url: The repository.
        h1: Of the zip that go would make of it.
    """

    url: str
    h1: str


def ask_origin(
    settings: GoSettings, mv: ModuleVersion, web: Web, log: StageLog
) -> OriginZip | str:
    """Return what the repository has of a version, or in words why it was not told."""
    if not has_git():
        return "there is no git"
    try:
        place = find_place(mv.path, web, log)
        may_use(settings, mv.path, place.vcs)
        if place.vcs != "git":
            return say("it is kept in {vcs}", vcs=place.vcs)
        return OriginZip(place.url, _h1(place, mv))
    except FaultFoundError as exc:
        return exc.finding.text
    except GosyncError as exc:
        return str(exc)


def _h1(place: RepositoryPlace, mv: ModuleVersion) -> str:
    """Return the h1 of the zip that go makes of a version.

    Raises:
        GosyncError: There is no such version in it.
    """
    base, path_major, _ = split_path_version(mv.path)
    is_root = place.root in (mv.path, base)
    folder = "" if is_root else base.removeprefix(f"{place.root}/")
    module = RepositoryModule(mv.path, place.url, folder, path_major)
    with (
        tempfile.TemporaryDirectory(prefix="gosync-doctor-") as kept,
        tempfile.TemporaryDirectory(prefix="gosync-doctor-") as made,
    ):
        revisions = ModuleRevisions(module, GitRepository(place.url, Path(kept)))
        with revisions.source(revisions.find(mv.version)) as source:
            make_version(mv, source, Path(made))
        routes = of_module(mv.path).of_version(mv.version)
        return _h1_of(Path(made) / routes.file(FileKind.ZIP), mv)


def _h1_of(path: Path, mv: ModuleVersion) -> str:
    with path.open("rb") as file:

        def read_at(offset: int, count: int) -> bytes:
            file.seek(offset)
            return file.read(count)

        return scan_zip(read_at, path.stat().st_size, mv).h1
