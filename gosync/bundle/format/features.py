"""Reader features: which bundles each release of gosync can read. Pure.

A receipt says it of the gosync that took the bundle in (``reads``). Before the first
receipt whoever makes bundles may name the version that is inside; ``RELEASES`` has
what each could read. What is left out of a bundle for that reason is told.

    format     a reader reads bundles of this format and of those before
    requires   what a header may require; anything else makes the reader refuse
    artifacts  the kinds that it takes in; others it skips and counts
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from gosync.artifact import DOCUMENT, KNOWN_KINDS, VULNDB, ArtifactKind
from gosync.bundle.format.names import FORMAT
from gosync.errors import UsageError

# To take out what a manifest withdraws.
WITHDRAWALS: Final = "withdrawals"
# To make a whole list of a difference to that of an earlier bundle.
DIFFERENCES: Final = "list-differences"
# To read a segment that begins in one volume and ends in a later one.
LONG_SEGMENTS: Final = "long-segments"
# To read a manifest that lies in several files.
PARTED_MANIFESTS: Final = "parted-manifests"
KNOWN_REQUIRES: Final = frozenset(
    {WITHDRAWALS, DIFFERENCES, LONG_SEGMENTS, PARTED_MANIFESTS}
)

_Name = Annotated[str, msgspec.Meta(max_length=64)]


class ReaderFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """What a gosync can read.

    Attributes:
        format: The newest format of bundles.
        requires: What a header may require.
        artifacts: The kinds of artifacts that it takes in.
    """

    format: Annotated[int, msgspec.Meta(ge=1)]
    requires: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=100)] = ()
    artifacts: Annotated[tuple[ArtifactKind, ...], msgspec.Meta(max_length=100)] = ()


OURS: Final = ReaderFeatures(
    format=FORMAT,
    requires=tuple(sorted(KNOWN_REQUIRES)),
    artifacts=tuple(sorted(KNOWN_KINDS)),
)

# By release, oldest first. A row is never changed once its version is out.
RELEASES: Final[Mapping[str, ReaderFeatures]] = {
    "0.1.0": ReaderFeatures(
        format=1,
        requires=(DIFFERENCES, LONG_SEGMENTS, PARTED_MANIFESTS, WITHDRAWALS),
        artifacts=(DOCUMENT, VULNDB),
    ),
}


def features_of(version: str) -> ReaderFeatures:
    """Return what a release can read.

    Raises:
        UsageError: there is none of that version, as far as is known here.
    """
    if version not in RELEASES:
        known = ", ".join(RELEASES)
        raise UsageError(
            f"no release {version!r} is known; known are {known}",
            hint="a newer gosync inside reads what this one writes",
        )
    return RELEASES[version]
