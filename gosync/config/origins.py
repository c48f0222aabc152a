"""Origin of a selection in the configuration: the file and line that name it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gosync.catalog.rulings import Ruling
from gosync.catalog.versions import Need
from gosync.catalog.withdrawn import Withdrawal
from gosync.config.config import Config
from gosync.config.files import read_text
from gosync.config.lines import KeyLines
from gosync.config.mistakes import Key
from gosync.errors import GosyncError, MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.site.policy import IMPLIED, Selector, parse_selector
from gosync.sync.reasons import MEANINGS, ImportStep, SelectionReason


class ConfigEntry(msgspec.Struct, frozen=True):
    """One entry of the configuration.

    Attributes:
        section: "select", "project", "toolchains" or "vulndb".
        number: Which one of these, from 1 on.
        entry: What it names, as it is written.
        file: Where it stands; "" where that is no file.
        line: In which line, None where that is not known.
    """

    section: str
    number: int
    entry: str
    file: str = ""
    line: int | None = None


class ClaimReport(msgspec.Struct, frozen=True):
    """Who wants a version, and why.

    Attributes:
        who: As in SelectionReason.
        kind: As there.
        named_by: The entries of the configuration that it begins with.
        path: Requirements or imports from there to the version.
        imports: The import that led to each version of the path but the first, as far
            as imports led there.
        meaning: What the kind means, in a sentence; "" where it says that itself.
    """

    who: str
    kind: str
    named_by: list[ConfigEntry]
    path: list[str]
    imports: tuple[ImportStep, ...] = ()
    meaning: str = ""

    @classmethod
    def of(cls, reason: SelectionReason, named_by: list[ConfigEntry]) -> ClaimReport:
        """Return what is told of a reason."""
        path = [str(each) for each in reason.path]
        meaning = MEANINGS.get(reason.kind, "")
        return ClaimReport(
            reason.who, reason.kind, named_by, path, reason.imports, meaning
        )


class WhyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``gosync why`` tells; its fields are the document's keys.

    Attributes:
        path: The module path.
        version: The version.
        selected: How much of it is selected, None for nothing.
        unselected_at: Since when less is, or None.
        claims: Who wants it.
        withdrawn: Why nobody is given it, or None.
        ruling: What the policy says of it, or None.
    """

    path: str
    version: str
    selected: Need | None
    unselected_at: str | None
    claims: list[ClaimReport]
    withdrawn: Withdrawal | None
    ruling: Ruling | None


class Origins:
    """The entries of one configuration."""

    def __init__(self, config: Config) -> None:
        """Read the configuration's own text anew, for its lines alone."""
        self._config = config
        self._file = "" if config.file is None else str(config.file.absolute())
        self._lines: KeyLines | None = None
        if config.file is not None:
            try:
                self._lines = KeyLines(read_text(config.file))
            except GosyncError:  # changed meanwhile; without lines then
                self._file = ""

    def of_select(self, number: int, mv: ModuleVersion) -> Iterator[ConfigEntry]:
        """Yield the entries of a select that name a module version."""
        if number == IMPLIED:
            yield self._origin("vulndb", 1, self._config.vulndb, ("vulndb", "source"))
            return
        section = self._config.sections.select[number - 1]
        key = ("select", number)
        for at, text in enumerate(section.modules, start=1):
            if _names(text, mv):
                yield self._origin("select", number, text, (*key, "modules", at))
        if section.modules_file:
            yield from self._of_modules_file(number, section.modules_file, mv)

    def of_project(self, name: str) -> Iterator[ConfigEntry]:
        """Yield the entry of a project, by its folder or its record."""
        base = Path() if self._config.file is None else self._config.file.parent
        for number, section in enumerate(self._config.sections.project, start=1):
            what = "record" if section.record else "path"
            text = section.record or section.path
            if str(base / Path(text).expanduser()) == name:
                yield self._origin("project", number, name, ("project", number, what))

    def of_tool(self, name: str) -> Iterator[ConfigEntry]:
        """Yield the entries of a tool."""
        for number, section in enumerate(self._config.sections.select, start=1):
            for at, text in enumerate(section.tools, start=1):
                if text.strip() == name:
                    key = ("select", number, "tools", at)
                    yield self._origin("select", number, text, key)

    def of_toolchains(self) -> ConfigEntry:
        """Return the entry of the toolchains."""
        versions = ", ".join(self._config.toolchains.versions)
        return self._origin("toolchains", 1, versions, ("toolchains", "versions"))

    def _origin(self, section: str, number: int, entry: str, key: Key) -> ConfigEntry:
        line = None if self._lines is None else self._lines.of(key)
        return ConfigEntry(section, number, entry, self._file, line)

    def _of_modules_file(
        self, number: int, name: str, mv: ModuleVersion
    ) -> Iterator[ConfigEntry]:
        base = Path() if self._config.file is None else self._config.file.parent
        path = base / Path(name).expanduser()
        try:
            lines = read_text(path).splitlines()
        except GosyncError:  # it was there when the configuration was read
            return
        for line, text in enumerate(lines, start=1):
            entry = text.partition("#")[0].strip()
            if entry and _names(entry, mv):
                yield ConfigEntry("select", number, entry, str(path), line)


def _names(entry: str, mv: ModuleVersion) -> bool:
    try:
        selector = parse_selector(entry)
    except MalformedError:
        return False
    return _matches(selector, mv.path) and selector.query in ("", "latest", mv.version)


def _matches(selector: Selector, path: str) -> bool:
    if selector.is_pattern:
        return PatternSet([selector.path]).match(path)
    return selector.path == path
