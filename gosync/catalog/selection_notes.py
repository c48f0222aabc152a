"""Notes of the selection: what it could not know, and what it took instead. Pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class NoteKind(StrEnum):
    """What could not be known.

    Attributes:
        NO_GO_MOD: The module has no go.mod, which would say what it requires.
        NEWEST: Nothing that is required provides an import: the newest version of
            the module that has it was taken, as ``go`` would take it now.
        UNPROVIDED: Nothing provides an import, not even a newest version.
        UNREAD: A zip or a go.mod could not be read: what it needs is not known this
            time.
        TOOLCHAIN: A tool needs a version of Go that ``[toolchains]`` does not carry.
    """

    NO_GO_MOD = "no_go_mod"
    NEWEST = "newest"
    UNPROVIDED = "unprovided"
    UNREAD = "unread"
    TOOLCHAIN = "toolchain"


class SelectionNote(msgspec.Struct, frozen=True, order=True):
    """One note; the fields are the table's columns.

    Attributes:
        kind: What could not be known.
        who: For whom: "select 2", "tool PACKAGE@VERSION".
        root: The module version that it was met at, as path@version; "" for several.
        subject: What it is about: a module version, an import path, a version of Go.
        detail: Which package imports it, or why it cannot be read; "" for nothing.
    """

    kind: NoteKind
    who: str
    root: str
    subject: str
    detail: str = ""
