"""Base of all sections, and the bounds of numbers in them."""

from __future__ import annotations

from typing import Annotated

import msgspec

# Names of targets, scanners and rules.
NAME_PATTERN = "^[a-z0-9][a-z0-9._-]{0,63}$"
NAME_FORM = {
    "form": "1 to 64 of a-z, 0-9, dots, underscores and hyphens, the first one a letter"
    " or a digit"
}
Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN, extra=NAME_FORM)]

Positive = Annotated[float, msgspec.Meta(gt=0)]
Days = Annotated[float, msgspec.Meta(ge=0, le=36_500)]
Count = Annotated[int, msgspec.Meta(ge=1, le=64)]
DAY_SECONDS = 86_400.0


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: immutable, keywords only, no unknown keys."""
