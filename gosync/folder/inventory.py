"""Inventory of a folder of modules: its entries by module version and by use.

A folder with more strays than ``MAX_STRAYS`` of one kind is not somebody's mishap;
they are counted there and no longer named one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from gosync.folder.layouts import OF_LOG, Part, Role
from gosync.folder.walk import Entry, Unread
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion

MAX_STRAYS: Final = 100
_OF_VERSION: Final = frozenset(
    {
        FileKind.INFO,
        FileKind.MOD,
        FileKind.ZIP,
        Role.ZIPHASH,
        Role.PARTIAL,
        Role.EXTRACTED,
        Role.HOME,
    }
)


class Foreign(msgspec.Struct, frozen=True):
    """What is no cache's; see ``foreign``.

    Attributes:
        count: How many things.
        example: The path of one.
    """

    count: int = 0
    example: str = ""


class Inventory(msgspec.Struct):
    """The entries of a folder of modules.

    Attributes:
        versions: The entries of each version, by what they are for.
        lists: The ``list`` of each module.
        latests: The ``@latest`` of each module.
        aliases: The .info files of revisions.
        locks: What go locks.
        logs: By database, its files by their path there.
        strays: What nothing explains.
        more_strays: How many more there are, by folder.
        unread: What could not be looked at.
        foreign: What else is there, and is left alone.
        entries: How many things there are in all.
    """

    versions: dict[ModuleVersion, dict[Part, Entry]] = msgspec.field(
        default_factory=dict
    )
    lists: dict[str, Entry] = msgspec.field(default_factory=dict)
    latests: dict[str, Entry] = msgspec.field(default_factory=dict)
    aliases: list[Entry] = msgspec.field(default_factory=list)
    locks: list[Entry] = msgspec.field(default_factory=list)
    logs: dict[str, dict[str, Entry]] = msgspec.field(default_factory=dict)
    strays: list[Entry] = msgspec.field(default_factory=list)
    more_strays: Counter[str] = msgspec.field(default_factory=Counter)
    unread: list[Unread] = msgspec.field(default_factory=list)
    foreign: Foreign = Foreign()
    entries: int = 0

    def modules(self) -> dict[str, dict[str, dict[Part, Entry]]]:
        """Return the versions by module, and what is there of each."""
        found: dict[str, dict[str, dict[Part, Entry]]] = {}
        for mv, entries in self.versions.items():
            found.setdefault(mv.path, {})[mv.version] = entries
        return found

    def all(self) -> Iterator[Entry]:
        """Yield every entry that has its place here."""
        for entries in self.versions.values():
            yield from entries.values()
        yield from self.beside()
        yield from self.strays

    def beside(self) -> Iterator[Entry]:
        """Yield the entries that are no version's and no strays."""
        yield from self.lists.values()
        yield from self.latests.values()
        yield from self.aliases
        yield from self.locks
        for files in self.logs.values():
            yield from files.values()


def take_inventory(found: Iterable[Entry | Unread]) -> Inventory:
    """Sort what a walk found."""
    inventory = Inventory()
    per_folder: Counter[str] = Counter()
    for each in found:
        inventory.entries += 1
        if isinstance(each, Unread):
            inventory.unread.append(each)
        elif each.place.role in {Role.STRAY, Role.LEFTOVER}:
            _add_stray(inventory, each, per_folder)
        else:
            _add(inventory, each)
    return inventory


def _add(inventory: Inventory, entry: Entry) -> None:
    place = entry.place
    if place.role in OF_LOG:
        inventory.logs.setdefault(place.database, {})[place.name] = entry
    elif place.mv is None:
        return
    elif place.role in _OF_VERSION:
        inventory.versions.setdefault(place.mv, {})[place.role] = entry
    elif place.role is Role.LIST:
        inventory.lists[place.mv.path] = entry
    elif place.role is Role.LATEST:
        inventory.latests[place.mv.path] = entry
    elif place.role is Role.ALIAS:
        inventory.aliases.append(entry)
    elif place.role is Role.LOCK:
        inventory.locks.append(entry)


def _add_stray(inventory: Inventory, entry: Entry, per_folder: Counter[str]) -> None:
    folder = entry.path.rpartition("/")[0]
    per_folder[folder] += 1
    if per_folder[folder] > MAX_STRAYS:
        inventory.more_strays[folder] += 1
    else:
        inventory.strays.append(entry)
