"""Which older heads of clients a tree promises to serve, in its marker. Pure."""

from __future__ import annotations

import msgspec

from gosync.sumdb.oldheads import OldHeads
from gosync.sumdb.spans import Spans, subtract, up_to
from gosync.sumdb.tile import TILE_HEIGHT


class Promise(msgspec.Struct, frozen=True):
    """Which clients with an older head a tree serves.

    Attributes:
        upper: The size of the head up to which every tile above level 0 is there.
        leaves: Numbers of level-0 tiles; those of the tree's head are all there.
    """

    upper: int = 0
    leaves: Spans = ()

    def of(self, n: int) -> OldHeads:
        """Return the older heads that a tree with a head of ``n`` serves."""
        last = (n - 1) >> TILE_HEIGHT
        return OldHeads(upper=self.upper == n > 0, leaves=up_to(self.leaves, last))

    def keeps(self, wanted: OldHeads, n: int) -> bool:
        """Return whether a tree with a head of ``n`` serves all these already."""
        if wanted.upper and self.upper != n:
            return False
        return not subtract(wanted.leaves, self.leaves)
