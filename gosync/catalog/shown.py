"""What published trees show of each module, and the sums of it. Pure.

A publish writes the modules that it went over; triggers of the schema keep the sums.
So a tree's pages and counts are had without going over its versions. The rows of a
tree stand for what its marker says once it is complete; while a publish is under way,
or was killed, they mean nothing, and the next one, a whole one, writes all of them.
"""

from __future__ import annotations

import msgspec


class ShownModule(msgspec.Struct, frozen=True):
    """What a tree shows of one module.

    Attributes:
        path: The module path.
        newest: Its newest version, "" when only ``.mod`` files are carried.
        versions: How many versions are carried whole.
        go_mods: How many more are carried as a ``.mod`` alone.
        proven: How many of the whole ones the checksum database vouches for.
        digest: SHA-256, in hex, of what changes when a version of it does.
        begins_page: Whether it is the first on a page of the tree's list.
        vulns: Digest of what its page tells of known vulnerabilities, "" for nothing.
        synopsis: What it is, "" where it does not say so.
        commands: The folders of its commands, "" for the root.
    """

    path: str
    newest: str
    versions: int
    go_mods: int
    proven: int
    digest: str
    begins_page: bool
    vulns: str = ""
    synopsis: str = ""
    commands: tuple[str, ...] = ()


class ShownSums(msgspec.Struct, frozen=True):
    """What a tree shows in all.

    Attributes:
        modules: How many modules.
        versions: How many versions, whole.
        go_mods: How many more versions as a ``.mod`` alone.
        proven: How many of the whole ones the checksum database vouches for.
    """

    modules: int = 0
    versions: int = 0
    go_mods: int = 0
    proven: int = 0
