r"""Many module versions checked at once. Pure.

To check a path and a version by the rules one after the other takes some microseconds;
an index has tens of millions. Nearly all of them are of one common form, which one
regular expression tells a thousand of in a tenth of a millisecond::

    path    = host { "/" element } [ "/v" major ]
    host    = label "." label { "." label }      label = 1*( a-z 0-9 - )
    element = word { 1*"." word }                word = 1*( A-Z a-z 0-9 _ - )
    version = "v" major "." number "." number [ prerelease ] [ build ]

``major`` is that of the path, and 0 or 1 where the path has none. An element is no
device name of Windows up to its first dot, the last one no ``v`` with digits and dots,
the host is not gopkg.in, and both together are too short for any limit. Whatever is of
that form is valid; what is not has to be looked at by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from gosync.gomod.lengths import SURE_CHARACTERS
from gosync.gomod.semver import NUMBER, SUFFIX
from gosync.pattern import compile_on_use

_NO_DEVICE: Final = (  # nearly no element has one of these letters first
    r"(?!(?=[CcPpAaNnLl])(?:[Cc][Oo][Nn]|[Pp][Rr][Nn]|[Aa][Uu][Xx]|[Nn][Uu][Ll]"
    r"|[Cc][Oo][Mm][1-9]|[Ll][Pp][Tt][1-9])[./ ])"
)
_HOST: Final = rf"(?!gopkg\.in/){_NO_DEVICE}[a-z0-9][a-z0-9-]*+(?:\.[a-z0-9-]++)++"
_ELEMENT: Final = (
    rf"/(?!v[0-9.]++ ){_NO_DEVICE}[A-Za-z0-9_-]++(?:\.++[A-Za-z0-9_-]++)*+"
)
_MAJOR: Final = r"(?:/v([2-9]|[1-9][0-9]++) v\1| v[01])"
_LINE: Final = rf"{_HOST}(?:{_ELEMENT})*+{_MAJOR}\.{NUMBER}\.{NUMBER}{SUFFIX}"
_COMMON: Final = compile_on_use(rf"(?:^{_LINE}\n)++", re.MULTILINE)


def uncommon(paths: Sequence[str], versions: Sequence[str]) -> Iterable[int]:
    """Return which of these have to be checked one by one: the others are valid.

    Args:
        paths: Module paths.
        versions: A version of each.
    """
    lines = [f"{path} {version}" for path, version in zip(paths, versions, strict=True)]
    text = "\n".join([*lines, ""])
    if not len(lines) == text.count("\n") == text.count(" "):
        return range(len(lines))  # a name of several lines or words
    odd = set(_COMMON.sub("", text).split("\n"))
    if len(odd) == 1 and len(max(lines, key=len, default="")) <= SURE_CHARACTERS:
        return ()
    return [
        number
        for number, line in enumerate(lines)
        if line in odd or len(line) > SURE_CHARACTERS
    ]
