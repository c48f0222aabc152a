"""Module of a repository: its folder, its tags, its major version. Pure.

As Go has it (https://go.dev/ref/mod#vcs-version): the version ``v1.2.3`` of the module
in the folder ``sub`` is the tag ``sub/v1.2.3``. A major version from 2 on ends the path
(``sub/v2``); its go.mod lies in ``sub/v2`` or in ``sub``, and its tags are those of
``sub``. The tag ``v2.3.4`` is the version ``v2.3.4+incompatible`` of the module at the
root whose path has no major version, where its commit has no go.mod.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.gomod.pathmajor import match_path_major, split_path_version
from gosync.gomod.pseudo import is_pseudo_version

INCOMPATIBLE: Final = "+incompatible"
_TAGS: Final = "refs/tags/"


class RepositoryModule(msgspec.Struct, frozen=True):
    """A module, and where in its repository it is.

    Attributes:
        path: The module path.
        url: The repository.
        folder: The module's folder, without its major version; "" for the root.
        path_major: What the path ends in: ``/v2``, or "".
    """

    path: str
    url: str
    folder: str
    path_major: str

    @property
    def tag_prefix(self) -> str:
        """What its tags begin with."""
        return f"{self.folder}/" if self.folder else ""

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders where its go.mod may lie, the most special first."""
        if not self.path_major:
            return (self.folder,)
        return (f"{self.tag_prefix}{self.path_major.lstrip('/')}", self.folder)

    @property
    def major(self) -> str:
        """Its major version, like ``v2``; "" for v0 and v1."""
        return self.path_major.lstrip("/")

    def version_of(self, ref: str) -> str | None:
        """Return the version that a ref names, None where it is none of the module.

        Whether there is one with ``+incompatible``, its commit tells.
        """
        base = self._base_of(ref)
        return base if base is not None and ref == self.ref_of(base) else None

    def versions(self, refs: Iterable[str]) -> list[str]:
        """Return the versions that refs name, ascending; likewise."""
        found = {self.version_of(each) for each in refs}
        return semver.sort_versions(each for each in found if each)

    def bases(self, refs: Iterable[str]) -> list[str]:
        """Return the versions that pseudo-versions may follow, ascending; likewise.

        Among them are tags that are none for what they have after a plus sign.
        """
        found = {self._base_of(each) for each in refs}
        return semver.sort_versions(each for each in found if each)

    def _base_of(self, ref: str) -> str | None:
        prefix = f"{_TAGS}{self.tag_prefix}"
        named = ref.removeprefix(prefix)
        version = semver.canonical(named)
        is_whole = bool(version) and named.startswith(version)
        if not ref.startswith(prefix) or not is_whole or is_pseudo_version(named):
            return None
        if match_path_major(version, self.path_major):
            return version
        at_root = not self.folder and not self.path_major
        return f"{version}{INCOMPATIBLE}" if at_root else None

    def ref_of(self, version: str) -> str:
        """Return the ref of a version's tag."""
        return f"{_TAGS}{self.tag_prefix}{version.removesuffix(INCOMPATIBLE)}"


def parse_template(path: str, template: str, depth: int | None) -> RepositoryModule:
    """Return where a module's repository is.

    Args:
        path: The module path.
        template: The URL, with ``{path}`` for the path below its first element, or
            ``{module}`` for all of it; both without the major version.
        depth: How many elements of the path below its first one name the repository;
            the rest is the module's folder. None: all of them.

    Raises:
        MalformedError: It has fewer elements.
    """
    prefix, path_major, _ = split_path_version(path)
    host, *below = prefix.split("/")
    named = below if depth is None else below[:depth]
    if not named or (depth is not None and len(named) < depth):
        raise MalformedError("module path", path, "too short for a repository's name")
    url = template.replace("{path}", "/".join(named))
    url = url.replace("{module}", "/".join((host, *named)))
    return RepositoryModule(path, url, "/".join(below[len(named) :]), path_major)
