"""Which files of a tree are no longer wanted, and in which order they go.

Removing runs backwards: what names a version goes before the version's files,
and its zip before the ``.mod`` and the lookup that prove it. Only names that
``routes`` could have made are ours to remove; a robots.txt stays. Tiles stay; of
them only widths go that a full tile answers (``oldheads``). Of versions only those
go that ``survey`` has an explanation for: what it keeps is among what is wanted.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from gosync.folder import routes
from gosync.gomod.filekind import FileKind

_SUMDB_NAMES = ("supported", "latest", routes.NOT_FOUND_NAME)
_RANKS = {FileKind.INFO.suffix: 4, FileKind.ZIP.suffix: 5, FileKind.MOD.suffix: 6}
_FIXED_NAMES = (routes.LIST_NAME, *routes.PAGE_NAMES)
_FIRST_GONE = (routes.LATEST_NAME, *_FIXED_NAMES)


def stale_names(names: Iterable[str], wanted: Container[str]) -> list[str]:
    """Return the names in an ``@v`` folder that are ours and not wanted."""
    return [name for name in names if name not in wanted and _is_ours(name)]


def stale_files(
    files: Iterable[str],
    modules: Mapping[str, Container[str]],
    sums: Container[str],
) -> list[str]:
    """Return the files of a whole tree that are ours and not wanted.

    Args:
        files: Every file of the tree.
        modules: By a module's ``@v`` folder, the names wanted in it.
        sums: The files wanted below sumdb/, tiles apart.
    """
    return [path for path in files if _is_stale(path, modules, sums)]


def removal_order(paths: Iterable[str]) -> list[str]:
    """Return the paths in the order in which they may go."""
    return sorted(paths, key=lambda path: (_rank(path), path))


def module_of(path: str, database: str) -> str | None:
    """Return the module that a file of the tree is of, None for one of no module.

    Args:
        path: The file.
        database: The checksum database's name, "" for none.
    """
    lookups = f"{routes.SUMDB_FOLDER}/{database}/lookup/"
    if path.startswith(lookups):
        folder = path.removeprefix(lookups).rpartition("@")[0]
    else:
        folder, _, name = path.rpartition("/")
        if name != routes.LATEST_NAME:
            folder = folder.removesuffix(f"/{routes.VERSIONS_FOLDER}")
    at = routes.module_of_folder(f"{folder}/{routes.VERSIONS_FOLDER}")
    return None if at is None else at.path


def _is_ours(name: str) -> bool:
    alias = routes.revision_of_alias(name) is not None
    return alias or name in _FIXED_NAMES or routes.version_of_name(name) is not None


def _is_stale(
    path: str, modules: Mapping[str, Container[str]], sums: Container[str]
) -> bool:
    folder, _, name = path.rpartition("/")
    if path.startswith(f"{routes.SUMDB_FOLDER}/"):
        return path not in sums and ("/lookup/" in path or name in _SUMDB_NAMES)
    at = f"{folder}/{routes.VERSIONS_FOLDER}" if name == routes.LATEST_NAME else folder
    if name in modules.get(at, ()) or routes.module_of_folder(at) is None:
        return False
    return name == routes.LATEST_NAME or _is_ours(name)


def _rank(path: str) -> int:
    name = path.rpartition("/")[2]
    if path.startswith(f"{routes.SUMDB_FOLDER}/"):
        return 0 if name == "supported" else 7
    if name in _FIRST_GONE:
        return min(_FIRST_GONE.index(name) + 1, 3)
    if routes.revision_of_alias(name):
        return 3
    return _RANKS.get(name[name.rfind(".") :], 3)
