"""The text of ``@v/list``, and which of several versions is the newest.

A proxy answers with one version a line. As Go does, only the first word of a
line counts, and lines without a valid version, or with a pseudo-version, are
ignored. Go then trips over versions that are not canonical or do not fit the
path (they break ``@latest``), so these go too once the path is known. A page
of HTML served with status 200 is an error, not an empty list.

A proxy without ``@latest`` may list pseudo-versions: where nothing else is
listed, ``go`` takes the one of the latest commit, by the time that follows it
on its line, else by its own. :func:`read_list` returns it.

Limits: 16 MiB, of which MAX_LINES lines are read; versions that ``go`` cannot store
are left out; of more than MAX_LISTED versions the highest are kept. What is left out
is counted.

What gosync writes is stricter: canonical versions in ascending order, and an
empty file when there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.info import parse_time
from gosync.gomod.lengths import MAX_VERSION_BYTES, check_lengths
from gosync.gomod.module import canonical_version, match_path_major, split_path_version
from gosync.gomod.pseudo import is_pseudo_version, pseudo_version_time
from gosync.gomod.semver import is_valid, max_version, prerelease, sort_versions
from gosync.pattern import compile_on_use

MAX_LIST_BYTES = 16 << 20
MAX_LINES = 200_000  # takes some seconds; the longest known lists have some hundred
MAX_LISTED = 10_000

# Go's white space; str.split() would also cut at U+001C to U+001F.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_WORDS = compile_on_use(f"[{_SPACE}]*([^{_SPACE}]+)(?:[{_SPACE}]+([^{_SPACE}]+))?")
_LINE = compile_on_use("[^\n]+")
_INCOMPATIBLE = "+incompatible"
_LOOK_UP_EVERY = 4096


class VersionList(msgspec.Struct, frozen=True):
    """What a list says.

    Attributes:
        versions: The usable ones, ascending; no pseudo-versions.
        commit: The pseudo-version of the latest commit that it names, or None.
        left_out: How many of its versions were left out, by reason.
    """

    versions: tuple[str, ...] = ()
    commit: str | None = None
    left_out: dict[str, int] = msgspec.field(default_factory=dict)


def parse_list(data: bytes, *, path: str | None = None) -> list[str]:
    """Parse a list: its versions in ascending order, each once.

    Args:
        data: The body as served.
        path: The module path; with it, only canonical versions that fit it.

    Raises:
        MalformedError: The body is HTML.
        TooLargeError: More than 16 MiB.
    """
    return list(read_list(data, path=path).versions)


def read_list(
    data: bytes, *, path: str | None = None, look_up: Callable[[], None] | None = None
) -> VersionList:
    """Read a list: its versions, and what else ``go`` takes from it.

    Args:
        data: The body as served.
        path: The module path; with it, only canonical versions that fit it.
        look_up: Called now and then; what it raises ends the reading.

    Raises:
        MalformedError: The body is HTML.
        TooLargeError: More than 16 MiB.
    """
    if len(data) > MAX_LIST_BYTES:
        raise TooLargeError("version list", limit_bytes=MAX_LIST_BYTES)
    if data.lstrip()[:1] == b"<":
        shown = data[:80].decode("utf-8", "replace")
        raise MalformedError("version list", shown, "looks like HTML")
    reading = _Reading(path)
    text = data.decode("utf-8", "surrogateescape")
    for number, line in enumerate(_LINE.finditer(text)):
        if look_up is not None and number % _LOOK_UP_EVERY == 0:
            look_up()
        if number == MAX_LINES:
            reading.leave_out(text.count("\n", line.start()))
            break
        reading.add(line[0])
    return reading.result()


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


class _Reading:
    """A list as far as it was read; it keeps no more than twice MAX_LISTED."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._major = None if path is None else split_path_version(path)[1]
        self._found: set[str] = set()
        self._too_long = 0
        self._too_many = 0
        self._commit: tuple[datetime, str] | None = None

    def add(self, line: str) -> None:
        """Take one line."""
        words = _WORDS.match(line)
        if words is None:
            return
        version = words[1]
        if self._is_too_long(version):
            self._too_long += version[:1] == "v"
        elif not is_valid(version):
            pass
        elif is_pseudo_version(version):
            self._add_commit(version, words[2])
        elif self._fits(version):
            self._found.add(version)
            if len(self._found) > 2 * MAX_LISTED:
                self._keep_highest()

    def leave_out(self, count: int) -> None:
        """Count lines that nobody reads."""
        self._too_many += count

    def result(self) -> VersionList:
        """Return what the lines said."""
        if len(self._found) > MAX_LISTED:
            self._keep_highest()
        left_out = {"too long": self._too_long, "too many": self._too_many}
        return VersionList(
            tuple(sort_versions(self._found)),
            None if self._commit is None else self._commit[1],
            {reason: count for reason, count in left_out.items() if count},
        )

    def _keep_highest(self) -> None:
        kept = sort_versions(self._found)[-MAX_LISTED:]
        self._too_many += len(self._found) - len(kept)
        self._found = set(kept)

    def _is_too_long(self, version: str) -> bool:
        if len(version) > MAX_VERSION_BYTES:
            return True
        try:
            check_lengths(self._path or "", version)
        except MalformedError:
            return True
        return False

    def _fits(self, version: str) -> bool:
        return self._major is None or (
            version == canonical_version(version)
            and match_path_major(version, self._major)
        )

    def _add_commit(self, version: str, time: str | None) -> None:
        """Remember the latest commit, as Go does: the first of equal times."""
        if not self._fits(version):
            return
        try:
            moment = pseudo_version_time(version) if time is None else parse_time(time)
        except MalformedError:
            return
        if self._commit is None or self._commit[0] < moment:
            self._commit = moment, version
