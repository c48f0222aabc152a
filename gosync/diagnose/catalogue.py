"""Classes of failures of ``go``: their names, patterns and texts. Pure.

``catalogue.toml`` has ``anchors``, one of which is in every line that ``go`` prints of
a failure, and an array ``[[class]]``. The order counts: a failure is of the
first class that has a pattern which matches it.

=============  ================================================================
``name``       FAMILY.MEMBER, such as ``network.dns``
``patterns``   regular expressions, searched for in the lines of one failure; none
               for a class that text alone never tells
``candidates`` classes that the true cause may be of, the likeliest first, where the
               text does not tell; ``question`` then says what decides between them,
               and without one the remedy holds for all of them
``narrower``   patterns with candidates, a question and a command of their own, tried
               before ``patterns``; a single candidate is the true class
``after``      classes whose failure brings this one with it: after one of them it is
               not told again
``warning``    whether ``go`` goes on all the same
``command``    what to run, with ``{placeholders}``
``go``         since which Go there is such a text (``1.24``), or until which
               (``-1.23``)
``docs``       where Go's documentation has it, by name: ``go help goproxy``
``en, zh``     the texts: ``what`` happened, the ``cause``, the ``remedy``, the
               ``question``
=============  ================================================================

``{host}``, ``{module}``, ``{version}``, ``{url}`` and named groups of the pattern stand
for what the failure's lines say; see gosync.diagnose.places. ``words`` are what stands
around the texts. ``[[folklore]]`` has what is said and not so: the page of
``env.folklore``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec

from gosync.diagnose.language import Language
from gosync.errors import UsageError
from gosync.hint import advise, command


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


class Narrower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text that tells more of a class than its other patterns do.

    Attributes:
        patterns: As a class's.
        candidates: What the true cause may be of; a single one is it.
        en: The question that decides, in English.
        zh: In Chinese.
        command: The command for it; "" for the class's.
    """

    patterns: tuple[str, ...]
    candidates: tuple[str, ...]
    command: str = ""
    en: str = ""
    zh: str = ""

    def in_language(self, language: Language) -> str:
        """Return the question, "" for none of its own."""
        return self.zh if language is Language.CHINESE else self.en


class FailureClass(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """One way in which ``go`` fails; the module's docstring has the attributes."""

    name: str
    en: Wording
    zh: Wording
    patterns: tuple[str, ...] = ()
    narrower: tuple[Narrower, ...] = ()
    candidates: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    warning: bool = False
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


class ClaimWording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim in one language, and what is so instead."""

    claim: str
    truth: str


class FalseClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is said of Go's module settings, and is not so.

    Attributes:
        name: Its name.
        run: The command line that shows it.
        by_go: Whether that is a run of go.
        en: The claim and the truth in English.
        zh: In Chinese.
    """

    name: str
    run: str
    by_go: bool = True
    en: ClaimWording
    zh: ClaimWording

    def wording(self, language: Language) -> ClaimWording:
        """Return the texts in a language."""
        return self.zh if language is Language.CHINESE else self.en


class FailureCatalogue(msgspec.Struct, frozen=True, dict=True):
    """All classes, in the order in which their patterns are tried."""

    classes: tuple[FailureClass, ...]
    anchors: tuple[str, ...] = ()
    folklore: tuple[FalseClaim, ...] = ()
    words: Mapping[Language, Mapping[str, str]] = {}

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
                hint=advise("{} names them all", command("explain", "--list")),
            )
        return found


def parse_catalogue(data: bytes) -> FailureCatalogue:
    """Return the classes of a catalogue.toml.

    Raises:
        ValueError: it is none, or a name is there twice or named nowhere.
    """
    document = tomllib.loads(data.decode("utf-8"))
    catalogue = FailureCatalogue(
        classes=msgspec.convert(document["class"], tuple[FailureClass, ...]),
        anchors=tuple(document["anchors"]),
        folklore=msgspec.convert(document["folklore"], tuple[FalseClaim, ...]),
        words={each: document["words"][each] for each in Language},
    )
    names = [each.name for each in catalogue]
    known = set(names)
    if len(known) != len(names):
        raise ValueError("catalogue: a name is there twice")
    for each in catalogue:
        of_narrower = (name for row in each.narrower for name in row.candidates)
        strange = {*each.candidates, *each.after, *of_narrower}
        if strange - known:
            raise ValueError(f"catalogue: {each.name} names {strange - known}")
    return catalogue
