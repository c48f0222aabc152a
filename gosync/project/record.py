"""A build's record: what it asked a module proxy for. Pure.

NAME.record.toml, as `gosync record` writes it and a ``[[project]]`` names it::

    format = 1
    made_at = "2026-11-27T08:20:01.000000Z"
    made_of = "go build ./..."              the command, or the logs

    [[version]]
    path = "rsc.io/quote"
    version = "v1.5.2"
    files = ["info", "mod", "zip"]          which of its files were asked for, and found
    count = 3                               how often

    [[module]]
    path = "rsc.io/quote"
    asked = ["latest", "list", "master"]    the list, the newest, branches and commits

    [[absent]]
    path = "rsc.io"
    asked = ["latest", "list"]              what was asked for and was not there

A toolchain is a version of golang.org/toolchain. Carried is what ``version`` names: a
zip brings the whole version, anything else its ``.mod`` and ``.info``. The lists of
their modules are made of that, as always. The rest is for people to read.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion

MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
RECORD_SUFFIX: Final = ".record.toml"
_FORMAT: Final = 1
_WHAT: Final = "record"


class RecordedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version that was asked for.

    Attributes:
        path: The module path.
        version: The canonical version.
        files: Which of its files, sorted.
        count: How often any of them was.
    """

    path: str
    version: str
    files: Sequence[FileKind]
    count: Annotated[int, msgspec.Meta(ge=1)] = 1

    @property
    def mv(self) -> ModuleVersion:
        """The module version."""
        return ModuleVersion(self.path, self.version)

    @property
    def is_whole(self) -> bool:
        """Whether its zip was asked for."""
        return FileKind.ZIP in self.files


class RecordedModule(msgspec.Struct, frozen=True, kw_only=True):
    """A module that was asked for without a version.

    Attributes:
        path: The module path.
        asked: "list", "latest", and branches and commits.
    """

    path: str
    asked: Sequence[str]


class BuildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a build asked for.

    Attributes:
        made_at: When it was written.
        made_of: The command, or the logs.
        version: The versions.
        module: The modules asked for without one.
        absent: What was not there.
        format: The file's format.
    """

    made_at: str
    made_of: str = ""
    version: Sequence[RecordedVersion] = ()
    module: Sequence[RecordedModule] = ()
    absent: Sequence[RecordedModule] = ()
    format: int = _FORMAT


class RecordReport(msgspec.Struct, frozen=True):
    """A record that was written, as JSON.

    Attributes:
        file: Where it is.
        exit_code: The command's, 0 where logs were read.
        record: What is in it.
    """

    file: str
    exit_code: int
    record: BuildRecord


def parse_record(data: bytes) -> BuildRecord:
    """Return the record in a file; the inverse of ``format_record``.

    Raises:
        MalformedError: it is none, of a newer format, or names what is no version.
    """
    try:
        found = msgspec.convert(tomllib.loads(data.decode()), BuildRecord)
    except (
        ValueError,
        RecursionError,
    ) as exc:  # tomllib's and msgspec's are ValueErrors
        raise MalformedError(_WHAT, data[:40], str(exc)) from exc
    if found.format != _FORMAT:
        raise MalformedError(_WHAT, found.format, "of a newer gosync")
    for each in found.version:
        module.check(each.path, each.version)
        if module.canonical_version(each.version) != each.version:
            raise MalformedError(_WHAT, each.mv, "the version is not canonical")
    return found


def format_record(record: BuildRecord) -> bytes:
    """Return a record's file."""
    return "".join(f"{line}\n" for line in _lines(record)).encode()


def _lines(record: BuildRecord) -> Iterator[str]:
    yield "# What a build asked a module proxy for. [[project]] record = carries it."
    yield f"format = {record.format}"
    yield f"made_at = {_text(record.made_at)}"
    yield f"made_of = {_text(record.made_of)}"
    for each in record.version:
        yield from ("", "[[version]]", f"path = {_text(each.path)}")
        yield f"version = {_text(each.version)}"
        yield f"files = {_list(each.files)}"
        yield f"count = {each.count}"
    for name, modules in (("module", record.module), ("absent", record.absent)):
        for asked in modules:
            yield from ("", f"[[{name}]]", f"path = {_text(asked.path)}")
            yield f"asked = {_list(asked.asked)}"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(text: str) -> str:
    """Return a TOML string; JSON's are, but for the one control character it allows."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")
