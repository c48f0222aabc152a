"""Next versions: those that semantic versioning has after one, by its scheme. Pure.

After v1.2.3 come v1.2.4 and v1.2.5, v1.3.0 and v1.4.0, and, where the module's path
allows it, the next major: from v0 to v1 alone, since later majors have a path of their
own. Of a module without any known version those come first with which modules begin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gosync.errors import MalformedError
from gosync.gomod.module import check
from gosync.gomod.semver import max_version
from gosync.pattern import compile_on_use

_RELEASE: Final = compile_on_use(r"v(\d{1,9})\.(\d{1,9})\.(\d{1,9})")
_MAJOR_OF_PATH: Final = compile_on_use(r".*/v([2-9]|[1-9]\d{1,8})")
_SKIPPED: Final = 2  # releases are left out now and then


def next_versions(path: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the releases that may come after the highest known one, the next first.

    Args:
        path: The module's path, which decides on the major version.
        known: Its versions; what is no plain release is passed over.
    """
    highest = max_version(each for each in known if _RELEASE.fullmatch(each))
    if highest is None:
        match = _MAJOR_OF_PATH.fullmatch(path)
        return (f"v{match[1]}.0.0",) if match else ("v0.1.0", "v1.0.0")
    release = _RELEASE.fullmatch(highest)
    assert release is not None
    major, minor, patch = map(int, release.groups())
    steps = range(1, _SKIPPED + 1)
    found = [f"v{major}.{minor}.{patch + step}" for step in steps]
    found += [f"v{major}.{minor + step}.0" for step in steps]
    found += [f"v{major + 1}.0.0"]
    return tuple(each for each in found if _fits(path, each))


def _fits(path: str, version: str) -> bool:
    try:
        check(path, version)
    except MalformedError:
        return False
    return True
