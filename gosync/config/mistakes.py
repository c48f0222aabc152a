"""Mistakes of a configuration: all of them, each with its key and line.

What reads a part of the configuration notes its mistakes and goes on with a default,
so that one run finds them all. A key is a path like ``("select", 2, "versions")``,
where numbers count from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import msgspec

from gosync.errors import ConfigError, GosyncError, MalformedError
from gosync.hint import Hint

T = TypeVar("T")
Key: TypeAlias = tuple[str | int, ...]


class Mistake(msgspec.Struct, frozen=True):
    """One mistake.

    Attributes:
        key: Where it is, like "upstream.index" or "select.2.versions"; the name of a
            variable for what the environment says.
        name: The same as people read it; "" where it is the whole file.
        reason: What is wrong; it quotes nothing that may be a secret.
        hint: What to do, or None.
        file: The file; "" for the environment.
        line: The line in it, from 1; None where nothing stands that is wrong.
    """

    key: str
    name: str
    reason: str
    hint: Hint | str | None = None
    file: str = ""
    line: int | None = None

    @property
    def message(self) -> str:
        """What is wrong, and at what."""
        return f"{self.name}: {self.reason}" if self.name else self.reason

    @property
    def sentence(self) -> str:
        """The mistake in one line, file and line first."""
        line = f":{self.line}" if self.line is not None else ""
        return f"{self.file}{line}: {self.message}" if self.file else self.message


class MistakeReport(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake as ``gosync config check`` tells it, None for what does not apply."""

    file: str | None
    line: int | None
    key: str
    message: str
    hint: str | None

    @classmethod
    def of(cls, mistake: Mistake) -> MistakeReport:
        """Return what is told of a mistake."""
        return MistakeReport(
            file=mistake.file or None,
            line=mistake.line,
            key=mistake.key,
            message=mistake.message,
            hint=None if mistake.hint is None else str(mistake.hint),
        )


class ConfigReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``gosync config check`` tells; its fields are the document's keys.

    Attributes:
        file: The configuration.
        ok: Whether nothing is wrong with it.
        mistakes: What is.
    """

    file: str
    ok: bool
    mistakes: list[MistakeReport]


class RightConfig(ConfigReport, frozen=True, kw_only=True):
    """The same where nothing is wrong.

    Attributes:
        modules: How many modules it selects.
        patterns: How many patterns.
        next_runs: The next three runs of each job that has a cron expression, in the
            daemon's time zone.
    """

    modules: int
    patterns: int
    next_runs: dict[str, list[str]]


class Mistakes:
    """Mistakes as they are found.

    Attributes:
        found: What was found, each with its key and, where it is not the
            configuration's own, its file and line.
    """

    def __init__(self) -> None:
        self.found: list[tuple[Key, Mistake]] = []

    def add(
        self, key: Key, error: GosyncError, *, file: str = "", line: int | None = None
    ) -> None:
        """Note a mistake."""
        dotted, name = ".".join(map(str, key)), shown_key(key)
        found = Mistake(dotted, name, str(error), error.hint, file, line)
        self.found.append((key, found))

    def attempt(self, key: Key, make: Callable[[], T], default: T) -> T:
        """Return what is made, or the default where that is a mistake."""
        try:
            return make()
        except (ConfigError, MalformedError) as exc:
            self.add(key, exc)
            return default

    def raise_first(self) -> None:
        """Raise the first mistake, if there is one.

        Raises:
            ConfigError: there is.
        """
        if self.found:
            first = self.found[0][1]
            raise ConfigError(first.message, hint=first.hint)


def shown_key(key: Key) -> str:
    """Return a key for people: ``upstream.index``, ``select 2: versions``."""
    words: list[str] = []
    for part in key:
        if isinstance(part, int):
            words[-1:] = [f"{''.join(words[-1:])} {part}: "]
        elif words and not words[-1].endswith(": "):
            words.append(f".{part}")
        else:
            words.append(part)
    return "".join(words).removesuffix(": ")
