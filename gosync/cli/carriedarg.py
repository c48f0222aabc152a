"""MODULE[@VERSION] argument: without a version, or with @latest, the newest here."""

from __future__ import annotations

from typing import Final

from gosync.catalog.db import Catalog
from gosync.cli.arguments import arguments, parse_module_version
from gosync.errors import NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pathcheck import check_path
from gosync.gomod.versionlist import newest

_LATEST: Final = "latest"


def carried_version(catalog: Catalog, text: str) -> ModuleVersion:
    """Return the version that an argument means.

    One that can be built with goes before one of which the go.mod alone is here.

    Raises:
        UsageError: The argument is no ``path``, ``path@latest`` or ``path@version``.
        NotFoundError: Nothing of the module is here.
    """
    path, _, version = text.partition("@")
    if version not in ("", _LATEST) or text.endswith("@"):
        return parse_module_version(text)
    with arguments("write it as path, or path@v1.2.3"):
        check_path(path)
    rows = catalog.versions.carried(path)
    whole = [row.mv.version for row in rows if row.zip_digest is not None]
    found = newest(whole or [row.mv.version for row in rows])
    if found is None:
        raise NotFoundError(f"{path}: nothing of it is here", hint="gosync list")
    return ModuleVersion(path, found)
