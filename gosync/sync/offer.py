"""Offers: what upstream says there is of a module, and what its go.mod says. Pure.

Rules choose from an offer (gosync.sync.plan); the catalog keeps what it is made of.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gosync.gomod import semver
from gosync.gomod.latest import GoModFacts
from gosync.gomod.modfile import Retraction


class Offered(msgspec.Struct, frozen=True):
    """A version that upstream says it has.

    Attributes:
        version: The canonical version.
        index_time: When the index says it became known, or None.
        first_seen: When we saw it first.
    """

    version: str
    index_time: str | None
    first_seen: str

    @property
    def known_since(self) -> str:
        """Since when it is known, as text that sorts as time."""
        return (self.index_time or self.first_seen).removesuffix("Z")


class ModuleFacts(msgspec.Struct, frozen=True):
    """What the go.mod files of a module's highest versions say.

    Attributes:
        top: The version that clients read retractions and deprecation from; ""
            while it is not known.
        own: Of the compatible versions that decide, whether their go.mod is
            their author's, not made up for a module without.
        retracted: The intervals that ``top`` takes back.
        deprecated: Why the module is deprecated, or "".
    """

    top: str = ""
    own: Mapping[str, bool] = msgspec.field(default_factory=dict)
    retracted: tuple[Retraction, ...] = ()
    deprecated: str = ""

    def retracts(self, version: str) -> bool:
        """Return whether the author took the version back."""
        if not self.retracted:
            return False
        return not GoModFacts(is_own=True, retracted=self.retracted).allow(version)

    def is_own(self, version: str) -> bool:
        """Return whether a version's go.mod is its author's, as far as is known.

        Of a version that decides nothing when all count it is not known; the
        highest that is known and lower, else the lowest, is taken for it.
        """
        if version in self.own:
            return self.own[version]
        known = sorted(self.own, key=semver.version_key)
        below = [each for each in known if semver.compare(each, version) <= 0]
        nearest = [*known[:1], *below][-1:]
        return any(self.own[each] for each in nearest)


class Offer(msgspec.Struct, frozen=True):
    """What upstream says of one module.

    Attributes:
        versions: The versions that list and index name.
        latest: What ``@latest`` names; asked for where the list is empty.
        facts: What its go.mod files say.
    """

    versions: tuple[Offered, ...] = ()
    latest: str | None = None
    facts: ModuleFacts = ModuleFacts()
