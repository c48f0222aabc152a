"""Reading a project's folder.

============  =================================================================
go.work       where there is one in the folder itself, it counts: all modules
              that it uses are main modules. Unlike go, nobody looks for one in
              the folders above: a project is what was configured
go.mod        the main module's, or each used module's
go.sum        beside each of these go.mod; may be absent
go.work.sum   beside go.work; may be absent
replacements  the go.mod in each folder that a main module or go.work puts in
              place of a module; may be absent, as long as nothing needs it
============  =================================================================

Folders outside the project's are read if they are named (``use ../lib``,
``replace m => ../m``); as in go, paths are joined by name, before any link is
followed. ``vendor`` is not read.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from gosync.errors import ConfigError, MalformedError, RejectedError
from gosync.gomod import modfile, workfile
from gosync.gomod.gosum import (
    MAX_GO_SUM_BYTES,
    GoSum,
    SumLine,
    named_by,
    parse_gosum,
)
from gosync.gomod.mains import MainModule, Mains
from gosync.gomod.modfile import MAX_GO_MOD_BYTES, GoMod
from gosync.gomod.workfile import GoWork
from gosync.project.files import ProjectFiles

_T = TypeVar("_T")


class SumFile(msgspec.Struct, frozen=True):
    """A go.sum or go.work.sum.

    Attributes:
        file: Its name from the project's folder on.
        sums: Its lines.
    """

    file: str
    sums: GoSum


@dataclass(frozen=True)
class Project:
    """What a project's files say.

    Attributes:
        folder: The project's folder.
        mains: Its main modules.
        sums: Its go.sum files, as many as there are.
        digest: Changes when any file that was read changes, appears or goes.
        folders: The go.mod of the folders that replace modules, by folder.
    """

    folder: Path
    mains: Mains
    sums: tuple[SumFile, ...]
    digest: str
    folders: Mapping[str, GoMod]

    def folder_gomod(self, path: str) -> GoMod | None:
        """Return the go.mod of a folder that replaces something, or None.

        Args:
            path: The folder, as ``mains`` gives it: from the project's on.
        """
        return self.folders.get(_joined(self.folder, path))

    def sum_lines(self) -> Iterator[SumLine]:
        """Yield the lines of all go.sum files that name a module version."""
        for file in self.sums:
            for _, line in named_by(file.sums):
                yield line


def read_project(folder: Path) -> Project:
    """Read a project.

    Raises:
        ConfigError: Something is not there, not readable or not right; it names
            the file, the line and what to do.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: no such folder",
            hint="correct the project's path in the configuration, or remove it",
        )
    return _Reading(folder).project()


class _Reading:
    """One project being read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ProjectFiles()

    def project(self) -> Project:
        work = self._work()
        used = ["."] if work is None else list(work.use)
        modules = [MainModule(self._main_gomod(each), each) for each in used]
        sums = [f"{each}/go.sum" for each in used]
        folders = [
            _joined(each.folder, new) for each in modules for new in _new(each.gomod)
        ]
        if work is not None:
            sums.append("go.work.sum")
            folders += _new(work)
        return Project(
            folder=self._folder,
            mains=self._mains(modules, work),
            sums=tuple(filter(None, map(self._sums, sums))),
            folders=self._gomods_of(folders),
            digest=self._files.digest(),  # last: by now all was read
        )

    def _work(self) -> GoWork | None:
        path = self._folder / "go.work"
        data = self._files.read(path, limit_bytes=workfile.MAX_GO_WORK_BYTES)
        return None if data is None else _parsed(path, data, workfile.parse)

    def _main_gomod(self, below: str) -> GoMod:
        path = self._path(f"{below}/go.mod")
        data = self._files.read(path, limit_bytes=MAX_GO_MOD_BYTES)
        if data is not None:
            return _parsed(path, data, modfile.parse)
        if below == ".":
            hint = "name the folder that has the project's go.mod or go.work"
        else:
            hint = f"correct 'use {below}' in {self._folder / 'go.work'}"
        raise ConfigError(f"{path}: no such file", hint=hint)

    def _mains(self, modules: list[MainModule], work: GoWork | None) -> Mains:
        try:
            return Mains(modules, work)
        except MalformedError as error:
            file = self._folder / ("go.mod" if work is None else "go.work")
            raise _config_error(file, error) from error

    def _sums(self, name: str) -> SumFile | None:
        path = self._path(name)
        data = self._files.read(path, limit_bytes=MAX_GO_SUM_BYTES)
        if data is None:
            return None
        return SumFile(os.path.normpath(name), _parsed(path, data, parse_gosum))

    def _gomods_of(self, folders: list[str]) -> dict[str, GoMod]:
        found = {}
        for below in dict.fromkeys(folders):
            path = self._path(f"{below}/go.mod")
            data = self._files.read(path, limit_bytes=MAX_GO_MOD_BYTES)
            if data is not None:
                name = _joined(self._folder, below)
                found[name] = _parsed(path, data, modfile.parse_lax)
        return found

    def _path(self, name: str) -> Path:
        return Path(_joined(self._folder, name))


def _joined(folder: Path | str, name: str) -> str:
    """Join by name; what is absolute stays what it is."""
    return os.path.normpath(os.path.join(folder, name))  # noqa: PTH118 - lexical


def _new(file: GoMod | GoWork) -> list[str]:
    """Return the folders that replace modules."""
    return [each.new_path for each in file.replace if not each.new_version]


def _parsed(path: Path, data: bytes, parse: Callable[[bytes], _T]) -> _T:
    try:
        return parse(data)
    except MalformedError as error:
        raise _config_error(path, error) from error
    except RejectedError as error:
        raise ConfigError(f"{path}: {error}", hint="make it smaller") from error


def _config_error(path: Path, error: MalformedError) -> ConfigError:
    return ConfigError(
        f"{path}: {error.value}: {error.reason}",
        hint="correct it until `go list -m all` works in the project",
    )
