"""Layout of an Athens store on disk. Pure.

    ROOT/<module>/<version>/go.mod          the .mod
    ROOT/<module>/<version>/source.zip      the .zip
    ROOT/<module>/<version>/<version>.info  the .info, written last

Names are not escaped. Modules nest: ``a/v1.0.0`` and ``a/v2/v2.0.0``; a version's
folder is one whose name is a canonical version that fits the path above it, which
``v2`` never is. Athens takes a version for stored if its folder has exactly three
entries, and lists it whatever the folder has; so a version is whole or it has to
go as a whole.
"""

from __future__ import annotations

from collections.abc import Collection

from gosync.errors import MalformedError
from gosync.folder.layouts import (
    FILES,
    TEMPORARY,
    WAY,
    Part,
    PathPlace,
    Role,
    TargetKind,
)
from gosync.gomod import module
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion

_MOD = "go.mod"
_ZIP = "source.zip"


class AthensLayout:
    """See the module's text."""

    kind = TargetKind.ATHENS

    def place(self, path: str, *, is_folder: bool) -> PathPlace:
        """See Layout."""
        if TEMPORARY.fullmatch(path) and not is_folder:
            return PathPlace(role=Role.LEFTOVER)
        mv, name = _split(path)
        if mv is None:
            return WAY if is_folder else _stray("in no version's folder")
        if not _fits(mv):
            reason = "Athens lists it, and it is no version of the module"
            return _stray(reason, mv, enter=is_folder and not name)
        return self._place_in(mv, name, is_folder=is_folder)

    def _place_in(self, mv: ModuleVersion, name: str, *, is_folder: bool) -> PathPlace:
        """Return the place of a version's folder ("") or of what is in it."""
        if not name and not is_folder:
            return _stray("is where a version's folder would be", mv)
        if not name:
            return PathPlace(role=Role.HOME, mv=mv, enter=True)
        if (role := self.names(mv).get(name)) is not None:
            return PathPlace(role=role, mv=mv)
        return _stray("a fourth file, with which Athens misses the version", mv)

    def path_of(self, mv: ModuleVersion, role: Part) -> str:
        """See Layout."""
        module.check_path(mv.path)
        module.escape_version(mv.version)
        folder = f"{mv.path}/{mv.version}"
        names = {each: name for name, each in self.names(mv).items()}
        return folder if role is Role.HOME else f"{folder}/{names[role]}"

    def path(self, place: PathPlace) -> str:
        """See Layout."""
        assert place.mv is not None
        return self.path_of(place.mv, place.role)

    @staticmethod
    def names(mv: ModuleVersion) -> dict[str, Part]:
        """Return what a version's folder has."""
        info = f"{mv.version}.info"
        return {_MOD: FileKind.MOD, _ZIP: FileKind.ZIP, info: FileKind.INFO}

    def lacks(self, mv: ModuleVersion, roles: Collection[Part]) -> list[Part]:
        """See Layout; three files or nothing."""
        del mv
        return [role for role in FILES if role not in roles]


def _split(path: str) -> tuple[ModuleVersion | None, str]:
    """Return the version whose folder a path is or is in, and what is below it."""
    parts = path.split("/")
    for at in range(1, len(parts)):
        if parts[at] and module.canonical_version(parts[at]) == parts[at]:
            mv = ModuleVersion("/".join(parts[:at]), parts[at])
            return mv, "/".join(parts[at + 1 :])
    return None, ""


def _fits(mv: ModuleVersion) -> bool:
    try:
        module.check(mv.path, mv.version)
    except MalformedError:
        return False
    return True


def _stray(
    reason: str, mv: ModuleVersion | None = None, *, enter: bool = False
) -> PathPlace:
    return PathPlace(role=Role.STRAY, reason=reason, mv=mv, enter=enter)
