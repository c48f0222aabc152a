"""Why a version is not there: what the list, the path and its parents tell."""

from __future__ import annotations

from typing import Final

from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.moduleproxy import ModuleProxy
from gosync.diagnose.doctor.saying import counted, say
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.gomod import semver
from gosync.gomod.module import escape_version, match_path_major, split_path_version

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
            say(
                "the mirror knows no revision {query} of {path}", query=query, path=path
            ),
            "branches and commits are resolved by whoever reaches the repository:"
            " ask a mirror with access, or name a version",
        )
    if not match_path_major(query, major_suffix):
        return _absence(
            "version.major_suffix",
            say(
                "{path} cannot have {query}: from v2 on a path ends in the major",
                path=path,
                query=query,
            ),
            say(
                "go get {base}/{major}@{query}",
                base=base,
                major=semver.major(query),
                query=query,
            ),
        )
    if versions:
        stage.saw(say("it has {versions}", versions=", ".join(versions[-5:])))
        return _absence(
            "version.unknown",
            say(
                "the mirror has {versions} of {path}, not {query}; the "
                "newest is {newest}",
                versions=counted(len(versions), "version"),
                path=path,
                query=query,
                newest=versions[-1],
            ),
            say("take one of them, or have {query} mirrored", query=query),
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
                say(
                    "{path} is no module; {parent} has {query}, and perhaps not "
                    "this package",
                    path=path,
                    parent=parent,
                    query=query,
                ),
                say(
                    "go get {parent}@{query}, and look which packages it has",
                    parent=parent,
                    query=query,
                ),
            )
    return None
