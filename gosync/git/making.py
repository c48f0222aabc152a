"""A version's ``.info``, ``.mod`` and ``.zip``, as files that an upstream has."""

from __future__ import annotations

import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Final

from gosync.errors import ConfigError, MalformedError, TooLargeError
from gosync.folder.routes import of_module
from gosync.git.choosing import GO_MOD, LICENCE, choose_files
from gosync.git.files import ReleaseSource, SourceFile
from gosync.gomod import modfile
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.gomod.zipcheck import MAX_GO_MOD_BYTES

_DATE: Final = (1980, 1, 1, 0, 0, 0)


def make_version(mv: ModuleVersion, source: ReleaseSource, folder: Path) -> int:
    """Write a version below a folder, where a GOPROXY of files has it.

    Args:
        mv: The version.
        source: What it is made of.
        folder: The root of such a GOPROXY.

    Returns:
        How many files its zip has.

    Raises:
        MalformedError: Its go.mod has another path or does not parse; or a file's name
            breaks a rule.
        TooLargeError: It is larger than a module may be.
    """
    go_mod = _go_mod(mv, source)
    go = "" if go_mod is None else modfile.parse_lax(go_mod).go
    files = choose_files(source.files, go=go)
    if source.root_licence and all(each.name != LICENCE for each in files):
        files.append(source.root_licence)
    info = VersionInfo(mv.version, source.time, source.origin)
    routes = of_module(mv.path).of_version(mv.version)
    paths = {kind: folder / routes.file(kind) for kind in FileKind}
    paths[FileKind.ZIP].parent.mkdir(parents=True)
    paths[FileKind.INFO].write_bytes(format_info(info))
    paths[FileKind.MOD].write_bytes(go_mod or modfile.synthesize(mv.path))
    _write_zip(paths[FileKind.ZIP], f"{mv}/", files)
    return len(files)


def place_zip(mv: ModuleVersion, file: Path, folder: Path, time: datetime) -> int:
    """Move a module zip to where a GOPROXY of files has it, with what belongs to it.

    Args:
        mv: The version.
        file: Its zip; only its go.mod is looked at.
        folder: The root of such a GOPROXY.
        time: The version's time.

    Returns:
        How many files the zip has.

    Raises:
        MalformedError: It is no zip, or its go.mod is another module's.
        TooLargeError: Its go.mod is larger than one may be.
    """
    go_mod, files = _read_zip(mv, file)
    routes = of_module(mv.path).of_version(mv.version)
    paths = {kind: folder / routes.file(kind) for kind in FileKind}
    paths[FileKind.ZIP].parent.mkdir(parents=True)
    paths[FileKind.INFO].write_bytes(format_info(VersionInfo(mv.version, time)))
    paths[FileKind.MOD].write_bytes(go_mod or modfile.synthesize(mv.path))
    file.replace(paths[FileKind.ZIP])
    return files


def _read_zip(mv: ModuleVersion, file: Path) -> tuple[bytes | None, int]:
    """Return the go.mod of a zip, and how many files that has."""
    try:
        with zipfile.ZipFile(file, metadata_encoding="utf-8") as archive:
            names = archive.namelist()
            if f"{mv}/{GO_MOD}" not in names:
                return None, len(names)
            with archive.open(f"{mv}/{GO_MOD}") as entry:
                data = entry.read(MAX_GO_MOD_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError) as exc:
        raise MalformedError("module zip", mv, str(exc)) from exc
    except (NotImplementedError, RuntimeError) as exc:
        # It is encrypted, or compressed by a method that zipfile does not know.
        raise MalformedError("module zip", mv, str(exc)) from exc
    if len(data) > MAX_GO_MOD_BYTES:
        raise TooLargeError(GO_MOD, limit_bytes=MAX_GO_MOD_BYTES)
    return _checked(mv, data), len(names)


def _go_mod(mv: ModuleVersion, source: ReleaseSource) -> bytes | None:
    found = [e for e in source.files if e.name == GO_MOD and e.is_regular]
    if not found:
        return None
    return _checked(mv, found[0].read())


def _checked(mv: ModuleVersion, data: bytes) -> bytes:
    path = modfile.parse(data).module
    if path != mv.path:
        raise MalformedError(GO_MOD, path, f"the module is to be {mv.path}")
    return data


def _write_zip(path: Path, prefix: str, files: list[SourceFile]) -> None:
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in files:
                entry = zipfile.ZipInfo(f"{prefix}{each.name}", _DATE)
                archive.writestr(entry, each.read(), zipfile.ZIP_DEFLATED)
    except OSError as exc:
        raise ConfigError(f"{path}: {exc.strerror}") from exc
