"""Sentences of one language, known again by the English ones. Pure.

A sentence is given as its text with ``{}`` where any text stands and ``{n}`` where
digits do. What stands there begins as early and ends as early as it can, so that a text
is read once from left to right: it may be somebody else's, and as long as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from gosync.pattern import compile_on_use

Joints: TypeAlias = Sequence[tuple[str, str]]
OF_SENTENCES: Final = (("; ", "；"), (", ", "，"))
_OF_SUBJECT: Final = (": ", "：")  # what follows may have one, too
OF_MESSAGES: Final = (_OF_SUBJECT, *OF_SENTENCES)
_PLACE: Final = compile_on_use(r"\{n?\}")
_LONGEST: Final = 2000  # characters; what is longer is what somebody else said
_DEEPEST: Final = 8  # sentences within sentences


class _Shape:
    """A sentence with places in it."""

    def __init__(self, sentence: str) -> None:
        self.begin, *self._literals = _PLACE.split(sentence)
        self._is_number = [each == "{n}" for each in _PLACE.findall(sentence)]
        self.has_places = bool(self._literals)

    def parts_of(self, text: str) -> list[str] | None:
        """Return what stands in its places; None where a text is none of it."""
        if not (text.startswith(self.begin) and text.endswith(self._literals[-1])):
            return None
        parts = list(self._between(text))
        if len(parts) < len(self._literals):
            return None
        pairs = zip(self._is_number, parts, strict=True)
        return parts if all(each.isdecimal() for is_n, each in pairs if is_n) else None

    def _between(self, text: str) -> Iterator[str]:
        at, end = len(self.begin), len(text) - len(self._literals[-1])
        for literal in self._literals[:-1]:
            found = text.find(literal, at + 1, end)
            if found < 0:
                return
            yield text[at:found]
            at = found + len(literal)
        if at < end:
            yield text[at:end]


class Sentences:
    """Sentences of one language by the English ones."""

    def __init__(self, texts: Mapping[str, str], *, joints: Joints) -> None:
        """Take them.

        Args:
            texts: The sentences; ``{}`` and ``{n}`` stand for what is put in.
            joints: What may stand between two of them, and what it becomes.
        """
        self._exact = texts
        self._joints = joints
        longest_first = sorted(texts, key=len, reverse=True)
        shapes = ((_Shape(each), texts[each]) for each in longest_first)
        self._shapes = [each for each in shapes if each[0].has_places]

    def told(self, text: str) -> str:
        """Return a sentence in the language, as it is where nothing is known of it."""
        return self._told(text, _DEEPEST)

    def _told(self, text: str, deep: int) -> str:
        if text in self._exact:
            return self._exact[text]
        if len(text) > _LONGEST or not deep:
            return text
        subject, colon, rest = text.partition(_OF_SUBJECT[0])
        is_path = self._joints[0] == _OF_SUBJECT and bool(colon) and " " not in subject
        if is_path and (told := self._told(rest, deep - 1)) != rest:
            return f"{self._told(subject, deep - 1)}：{told}"
        for shape, theirs in self._shapes:
            if (found := shape.parts_of(text)) is not None:
                parts = (self._told(part, deep - 1) for part in found)
                return _PLACE.sub("{}", theirs).format(*parts)
        # What follows a path was read above: twice at each of many colons is too often.
        return self._told_in_parts(
            text, self._joints[1:] if is_path else self._joints, deep
        )

    def _told_in_parts(self, text: str, joints: Joints, deep: int) -> str:
        if "=" in text or "\n" in text:  # a setting, or text for some program
            return text
        for joint, theirs in joints:
            if joint in text:
                parts = text.split(joint, 1 if joint == _OF_SUBJECT[0] else -1)
                told = [self._told(part, deep - 1) for part in parts]
                return text if told == parts else theirs.join(told)
        return text
