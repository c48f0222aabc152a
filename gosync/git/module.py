"""Module of a repository: its folder, its tags, its major version. Pure.

As Go has it (https://go.dev/ref/mod#vcs-version): the version ``v1.2.3`` of the module
in the folder ``sub`` is the tag ``sub/v1.2.3``. A major version from 2 on ends the path
(``sub/v2``); its go.mod lies in ``sub/v2`` or in ``sub``, and its tags are those of
``sub``. Versions with ``+incompatible`` are none of a repository's here.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.gomod.pathmajor import check_path_major, split_path_version
from gosync.gomod.pseudo import is_pseudo_version

_TAGS = "refs/tags/"


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
        """Return the version that a ref names, None where it is none of the module."""
        prefix = f"{_TAGS}{self.tag_prefix}"
        if not ref.startswith(prefix):
            return None
        version = ref.removeprefix(prefix)
        if semver.canonical(version) != version or is_pseudo_version(version):
            return None
        try:
            check_path_major(version, self.path_major)
        except MalformedError:
            return None
        return version

    def versions(self, refs: Iterable[str]) -> list[str]:
        """Return the versions that refs name, ascending."""
        found = {self.version_of(each) for each in refs}
        return semver.sort_versions(each for each in found if each)

    def ref_of(self, version: str) -> str:
        """Return the ref of a version's tag."""
        return f"{_TAGS}{self.tag_prefix}{version}"


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
