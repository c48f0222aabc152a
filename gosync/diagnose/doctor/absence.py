"""Why a version is not there: what the list, the path and its parents tell."""

from __future__ import annotations

from typing import Final

from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.moduleproxy import ModuleProxy
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.gomod import semver
from gosync.gomod.module import escape_version, match_path_major, split_path_version
from gosync.publish.html import plural

_PARENTS: Final = 3
# Classes of an answer that a version is not there, after which the next is asked.
DEFINITE_NO: Final = frozenset(
    {
        "http.404",
        "http.404_timeout",
        "http.410",
        "version.unknown",
        "version.unknown_revision",
        "version.no_match",
        "version.no_package",
        "version.major_suffix",
    }
)


def why_absent(
    proxy: ModuleProxy,
    path: str,
    query: str,
    versions: tuple[str, ...] | None,
    stage: StageDraft,
) -> FaultFoundError | None:
    """Return why a version is not at a proxy; None where nothing more tells.

    Args:
        proxy: The proxy, which said 404 or 410.
        path: The module.
        query: The version or revision that was asked for.
        versions: The list; None where there is none.
        stage: Where it is noted.
    """
    base, major_suffix, _ = split_path_version(path)
    if not semver.is_valid(query):
        return _absence(
            "version.unknown_revision",
            f"the mirror knows no revision {query} of {path}",
            "branches and commits are resolved by whoever reaches the repository:"
            " ask a mirror with access, or name a version",
        )
    if not match_path_major(query, major_suffix):
        return _absence(
            "version.major_suffix",
            f"{path} cannot have {query}: from v2 on a path ends in the major",
            f"go get {base}/{semver.major(query)}@{query}",
        )
    if versions:
        stage.saw(f"it has {', '.join(versions[-5:])}")
        return _absence(
            "version.unknown",
            f"the mirror has {plural(len(versions), 'version')} of {path}, not"
            f" {query};"
            f" the newest is {versions[-1]}",
            f"take one of them, or have {query} mirrored",
        )
    return _in_a_parent(proxy, path, query)


def _absence(cause: str, text: str, remedy: str) -> FaultFoundError:
    """Return the fault that is behind a proxy's 404."""
    return fault(cause, text, remedy, explains=("http.404", "http.410"))


def _in_a_parent(proxy: ModuleProxy, path: str, query: str) -> FaultFoundError | None:
    """Return that a path above is the module, as go finds out too."""
    elements = path.split("/")
    for count in range(len(elements) - 1, max(1, len(elements) - 1 - _PARENTS), -1):
        parent = "/".join(elements[:count])
        url = proxy.url(parent, f"{escape_version(query)}.info")
        if proxy.fetch(url).status == 200:
            return _absence(
                "version.no_package",
                f"{path} is no module; {parent} has {query}, and perhaps not this"
                " package",
                f"go get {parent}@{query}, and look which packages it has",
            )
    return None
