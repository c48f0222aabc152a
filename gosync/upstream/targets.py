"""Paths of the questions that a proxy is asked. Pure."""

from __future__ import annotations

from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion, escape_path, escape_version


def list_target(path: str) -> str:
    """Return where a module's list is, below a proxy's URL."""
    return f"{escape_path(path)}/@v/list"


def is_module_file(path: str) -> bool:
    """Whether a list, ``@latest`` or a version's file is at a path; not its folder."""
    _, is_below, name = path.rpartition("/@v/")
    return bool(is_below and name) or path.endswith("/@latest")


def is_database_file(path: str) -> bool:
    """Whether a file of a checksum database that a proxy relays is at a path."""
    return path.startswith("sumdb/") or "/sumdb/" in path


def latest_target(path: str) -> str:
    """Return where a module's newest version is named, below a proxy's URL."""
    return f"{escape_path(path)}/@latest"


def file_target(mv: ModuleVersion, kind: FileKind) -> str:
    """Return where a version's file is, below a proxy's URL."""
    return f"{escape_path(mv.path)}/@v/{escape_version(mv.version)}{kind.suffix}"
