"""What the repository itself has of a version: the h1 that ``go`` would make of it.

Asked only where ``direct`` is among the ways to the module, so that ``go`` might ask it
too, where GOVCS allows git and there is one. A version is a tag; of commits that have
none, pseudo-versions, nothing is asked.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.repository import RepositoryPlace, find_place, may_use
from gosync.diagnose.doctor.stagelog import StageLog
from gosync.diagnose.doctor.web import Web
from gosync.errors import GosyncError, MalformedError, UsageError
from gosync.folder.routes import of_module
from gosync.git.command import has_git
from gosync.git.making import make_version
from gosync.git.tags import tag_source
from gosync.gomod import pseudo
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion, split_path_version

_INCOMPATIBLE: Final = "+incompatible"


class OriginZip(msgspec.Struct, frozen=True):
    """A version as its repository has it.

    Attributes:
        url: The repository.
        h1: Of the zip that go would make of the tag.
    """

    url: str
    h1: str


def ask_origin(
    settings: GoSettings, mv: ModuleVersion, web: Web, log: StageLog
) -> OriginZip | str:
    """Return what the repository has of a version, or in words why it was not told."""
    if not has_git():
        return "there is no git"
    if pseudo.is_pseudo_version(mv.version):
        return f"{mv.version} is no tag"
    try:
        place = find_place(mv.path, web, log)
        may_use(settings, mv.path, place.vcs)
        if place.vcs != "git":
            return f"it is kept in {place.vcs}"
        return OriginZip(place.url, _h1(place, mv))
    except FaultFoundError as exc:
        return exc.finding.text
    except GosyncError as exc:
        return str(exc)


def _h1(place: RepositoryPlace, mv: ModuleVersion) -> str:
    """Return the h1 of the folder of the tag that holds the module.

    It is the one of the major version, where there is one, or that above it: see
    https://go.dev/ref/mod#vcs-dir.

    Raises:
        GosyncError: There is no such tag, or the module is in no folder of it.
    """
    base, major, _ = split_path_version(mv.path)
    is_root = place.root in (mv.path, base)
    below = "" if is_root else base.removeprefix(f"{place.root}/")
    tag = f"{below}/{mv.version}".lstrip("/").removesuffix(_INCOMPATIBLE)
    if major.startswith("/") and mv.path != place.root:
        with suppress(MalformedError, UsageError):  # another path, no such folder
            return _made(place, tag, f"{below}{major}".lstrip("/"), mv)
    return _made(place, tag, below, mv)


def _made(place: RepositoryPlace, tag: str, subdir: str, mv: ModuleVersion) -> str:
    with (
        tag_source(place.url, tag, subdir=subdir) as source,
        tempfile.TemporaryDirectory(prefix="gosync-doctor-") as folder,
    ):
        make_version(mv, source, Path(folder))
        routes = of_module(mv.path).of_version(mv.version)
        path = Path(folder) / routes.file(FileKind.ZIP)
        with path.open("rb") as file:

            def read_at(offset: int, count: int) -> bytes:
                file.seek(offset)
                return file.read(count)

            return scan_zip(read_at, path.stat().st_size, mv).h1
