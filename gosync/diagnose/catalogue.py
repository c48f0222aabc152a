"""Classes of failures of ``go``: their names, patterns and texts. Pure.

``catalogue.toml`` is an array ``[[class]]``. The order counts: a failure is of the
first class that has a pattern which matches it.

=============  ================================================================
``name``       FAMILY.MEMBER, such as ``network.dns``
``patterns``   regular expressions, searched for in the lines of one failure; none
               for a class that text alone never tells
``shown_as``   a class that stands for this one and its like in results, with this
               one as the only candidate
``candidates`` classes that the true cause may be of, the likeliest first, where the
               text does not tell; ``question`` then says what decides between them
``after``      classes whose failure brings this one with it: after one of them it is
               not told again
``exit_zero``  whether ``go`` may end with 0 all the same
``command``    what to run, with ``{placeholders}``
``go``         since which Go there is such a text (``1.24``), or until which
               (``-1.23``)
``docs``       where Go's documentation has it, by name: ``go help goproxy``
``en, zh``     the texts: ``what`` happened, the ``cause``, the ``remedy``, the
               ``question``
=============  ================================================================

``{host}``, ``{module}``, ``{version}``, ``{url}`` and named groups of the pattern stand
for what the failure's lines say; see gosync.diagnose.filling.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cached_property

import msgspec

from gosync.diagnose.language import Language
from gosync.errors import UsageError


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of a class in one language.

    Attributes:
        what: What happened, in one sentence.
        cause: Why, as far as the class tells.
        remedy: What to do about it.
        question: What decides between the candidates; "" where there are none.
    """

    what: str
    cause: str
    remedy: str
    question: str = ""


class FailureClass(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """One way in which ``go`` fails; the module's docstring has the attributes."""

    name: str
    en: Wording
    zh: Wording
    patterns: tuple[str, ...] = ()
    shown_as: str = ""
    candidates: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    exit_zero: bool = False
    command: str = ""
    go: str = "1.21"
    docs: str = ""

    @property
    def family(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]

    def wording(self, language: Language) -> Wording:
        """Return the texts in a language."""
        return self.zh if language is Language.CHINESE else self.en


class FailureCatalogue(msgspec.Struct, frozen=True, dict=True):
    """All classes, in the order in which their patterns are tried."""

    classes: tuple[FailureClass, ...]

    def __iter__(self) -> Iterator[FailureClass]:
        return iter(self.classes)

    @cached_property
    def _by_name(self) -> dict[str, FailureClass]:
        return {each.name: each for each in self.classes}

    def named(self, name: str) -> FailureClass:
        """Return a class by its name.

        Raises:
            UsageError: there is none of that name.
        """
        found = self._by_name.get(name)
        if found is None:
            raise UsageError(
                f"{name}: no class of failures has that name",
                hint="FAMILY.MEMBER, such as network.dns; `gosync explain --list`",
            )
        return found


def parse_catalogue(data: bytes) -> FailureCatalogue:
    """Return the classes of a catalogue.toml.

    Raises:
        ValueError: it is none, or a name is there twice or named nowhere.
    """
    rows = tomllib.loads(data.decode("utf-8"))["class"]
    catalogue = FailureCatalogue(
        msgspec.convert(rows, tuple[FailureClass, ...], strict=False)
    )
    names = [each.name for each in catalogue]
    known = set(names)
    if len(known) != len(names):
        raise ValueError("catalogue: a name is there twice")
    for each in catalogue:
        strange = {*each.candidates, *each.after, *filter(None, [each.shown_as])}
        if strange - known:
            raise ValueError(f"catalogue: {each.name} names {strange - known}")
    return catalogue
