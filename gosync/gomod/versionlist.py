"""The text of ``@v/list``, and which of several versions is the newest.

A proxy answers with one version a line. As Go does, only the first word of a
line counts, and lines without a valid version, or with a pseudo-version, are
ignored. Go then trips over versions that are not canonical or do not fit the
path (they break ``@latest``), so these go too once the path is known. A page
of HTML served with status 200 is an error, not an empty list. Limit: 16 MiB.

What gosync writes is stricter: canonical versions in ascending order, and an
empty file when there is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.module import canonical_version, match_path_major, split_path_version
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.semver import is_valid, max_version, prerelease, sort_versions

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LIST_BYTES = 16 << 20

# Go's white space; str.split() would also cut at U+001C to U+001F.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_FIRST_WORD = re.compile(f"[{_SPACE}]*([^{_SPACE}]+)")
_INCOMPATIBLE = "+incompatible"


def parse_list(data: bytes, *, path: str | None = None) -> list[str]:
    """Parse a list: its versions in ascending order, each once.

    Args:
        data: The body as served.
        path: The module path; with it, only canonical versions that fit it.

    Raises:
        MalformedError: The body is HTML.
        TooLargeError: More than 16 MiB.
    """
    if len(data) > MAX_LIST_BYTES:
        raise TooLargeError("version list", limit_bytes=MAX_LIST_BYTES)
    text = data.decode("utf-8", "surrogateescape")
    words = [
        match[1] for line in text.split("\n") if (match := _FIRST_WORD.match(line))
    ]
    if words and words[0].startswith("<"):
        raise MalformedError("version list", words[0], "looks like HTML")
    listed = {word for word in words if is_valid(word) and not is_pseudo_version(word)}
    return sort_versions(listed if path is None else _fitting(listed, path))


def format_list(versions: Iterable[str]) -> bytes:
    """Write a list: ascending, each once, one a line; b"" when there are none."""
    return "".join(f"{version}\n" for version in sort_versions(set(versions))).encode()


def newest(versions: Iterable[str], *, allow_incompatible: bool = True) -> str | None:
    """Return what ``@latest`` means: the highest release, else pre-release.

    Args:
        versions: Valid versions; pseudo-versions count as pre-releases.
        allow_incompatible: Whether ``+incompatible`` versions may be chosen
            over others. Go does so when the highest other one has no go.mod.
    """
    known = set(versions)
    if not allow_incompatible:
        compatible = {each for each in known if not each.endswith(_INCOMPATIBLE)}
        known = compatible or known
    releases = {each for each in known if not prerelease(each)}
    return max_version(releases or known)


def _fitting(versions: Iterable[str], path: str) -> set[str]:
    path_major = split_path_version(path)[1]
    return {
        version
        for version in versions
        if version == canonical_version(version)
        and match_path_major(version, path_major)
    }
