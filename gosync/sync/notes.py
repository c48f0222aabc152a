"""Notes: what a selection could not know of what is needed, and what it took. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import assert_never

from gosync.catalog.selection_notes import NoteKind, SelectionNote
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needsfound import Needs


def notes_of(
    who: str,
    needs: Needs,
    root: ModuleVersion | None,
    gomod: GoMod | None,
    unread: Mapping[ModuleVersion, str],
    damaged: Mapping[ModuleVersion, str] = MappingProxyType({}),
) -> Iterator[SelectionNote]:
    """Yield what could not be known of what somebody needs.

    Args:
        who: The select or tool.
        needs: What it needs.
        root: The version that needs it, None for several together.
        gomod: The root's go.mod, None where there is none.
        unread: Zips that could not be read, and why.
        damaged: go.mod files, likewise.
    """
    at = "" if root is None else str(root)
    taken = needs.newest.keys() | needs.unprovided.keys()
    if taken and gomod is not None and not gomod.go and not gomod.require:
        yield SelectionNote(NoteKind.NO_GO_MOD, who, at, at)
    for mv, first in needs.newest.items():
        yield SelectionNote(NoteKind.NEWEST, who, at, str(mv), first.path)
    for path, importer in needs.unprovided.items():
        yield SelectionNote(NoteKind.UNPROVIDED, who, at, path, str(importer))
    for mv in needs.zips & unread.keys():
        yield SelectionNote(NoteKind.UNREAD, who, "", str(mv), unread[mv])
    needed = needs.zips | needs.mods | needs.problems.keys()
    for mv in damaged.keys() & (needed if root is None else needed | {root}):
        yield SelectionNote(NoteKind.UNREAD, who, "", str(mv), damaged[mv])


def note_lines(notes: Iterable[SelectionNote]) -> Iterator[str]:
    """Yield the notes in words; what a root without a go.mod takes is counted."""
    found = sorted(notes)
    counts = Counter((each.kind, each.who, each.root) for each in found)
    counted = {
        (each.who, each.root) for each in found if each.kind is NoteKind.NO_GO_MOD
    }
    for each in found:
        if each.kind is NoteKind.NEWEST and (each.who, each.root) in counted:
            continue
        told = _told(each, counts[NoteKind.NEWEST, each.who, each.root])
        yield f"{each.who}: {told}"


def _told(note: SelectionNote, newest: int) -> str:
    match note.kind:
        case NoteKind.NO_GO_MOD:
            return (
                f"{note.subject} has no go.mod: {newest} modules that its packages"
                " import are taken in their newest versions"
            )
        case NoteKind.NEWEST:
            return (
                f"{note.subject} is taken as the newest version: nothing that"
                f"{_of(note)} requires provides {note.detail}"
            )
        case NoteKind.UNPROVIDED:
            return (
                f"{note.subject}, which {note.detail} imports, is in no module that"
                " is known"
            )
        case NoteKind.UNREAD:
            return (
                f"{note.subject}: what it needs is not known until it can be read:"
                f" {note.detail}"
            )
        case NoteKind.TOOLCHAIN:
            return (
                f"it needs go {note.subject} or newer; clients with an older go must"
                " find a toolchain, and [toolchains] carries none that will do"
            )
    assert_never(note.kind)


def _of(note: SelectionNote) -> str:
    return f" {note.root}" if note.root else " any of them"
