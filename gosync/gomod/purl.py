"""Package URLs of module versions: ``pkg:golang/PATH@VERSION``. Pure.

The path keeps its case, as Go's own tools write it; of purl-spec's escaping all of
``/.-_~:`` stay as they are: ``pkg:golang/github.com/BurntSushi/toml@v1.6.0``.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.module import ModuleVersion

_PREFIX: Final = "pkg:golang/"
_UNESCAPED: Final = "/.-_~:"


def format_purl(mv: ModuleVersion) -> str:
    """Return a version's package URL, or a module's where the version is ""."""
    path, version = (quote(each, safe=_UNESCAPED) for each in (mv.path, mv.version))
    return f"{_PREFIX}{path}" + (f"@{version}" if version else "")


def parse_purl(text: str) -> ModuleVersion:
    """Return the version that a package URL names; the inverse of ``format_purl``.

    Raises:
        MalformedError: It is none of a module version.
    """
    path, at, version = text.removeprefix(_PREFIX).partition("@")
    if not text.startswith(_PREFIX) or not at:
        raise MalformedError("package URL", text, f"want {_PREFIX}PATH@VERSION")
    found = ModuleVersion(unquote(path), unquote(version))
    module.check(found.path, found.version)
    return found
