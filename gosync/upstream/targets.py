"""Paths of the questions that a proxy is asked. Pure."""

from __future__ import annotations

from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion, escape_path, escape_version


def list_target(path: str) -> str:
    """Return where a module's list is, below a proxy's URL."""
    return f"{escape_path(path)}/@v/list"


def latest_target(path: str) -> str:
    """Return where a module's newest version is named, below a proxy's URL."""
    return f"{escape_path(path)}/@latest"


def file_target(mv: ModuleVersion, kind: FileKind) -> str:
    """Return where a version's file is, below a proxy's URL."""
    return f"{escape_path(mv.path)}/@v/{escape_version(mv.version)}{kind.suffix}"
