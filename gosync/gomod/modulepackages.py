"""Packages of a module, as values: what each imports, and what it is. Pure."""

from __future__ import annotations

import msgspec

_HIDING = ("_", ".")
_TESTDATA = "testdata"
_INTERNAL = "internal"


class Package(msgspec.Struct, frozen=True):
    """One package.

    Attributes:
        folder: Where it is below the module's root, "" for the root itself.
        imports: What its files import, ascending.
        test_imports: What its tests import besides, inside and outside the package.
        is_built: Whether any of its files is built, for any platform and tags. What
            is not can be named by an import, but imports nothing.
        is_library: Whether any is built that is no test and not of a program, so
            that other packages can import it.
        is_command: Whether it is a program, which ``go install`` builds.
        synopsis: The first sentence of its comment, "" for none.
    """

    folder: str
    imports: tuple[str, ...] = ()
    test_imports: tuple[str, ...] = ()
    is_built: bool = True
    is_library: bool = True
    is_command: bool = False
    synopsis: str = ""

    @property
    def is_matched(self) -> bool:
        """Whether a pattern such as ``./...`` finds it."""
        return self.is_built and not any(
            each.startswith(_HIDING) or each == _TESTDATA
            for each in self.folder.split("/")
        )

    @property
    def is_public(self) -> bool:
        """Whether a pattern finds it and other modules may import it."""
        return self.is_matched and _INTERNAL not in self.folder.split("/")


class ModulePackages(msgspec.Struct, frozen=True):
    """The packages of one module version, ascending by folder."""

    packages: tuple[Package, ...] = ()

    @property
    def synopsis(self) -> str:
        """What the module is: its root package's synopsis, else its only one's."""
        public = [each for each in self.packages if each.is_public]
        root = [each for each in public if not each.folder]
        told = root or (public if len(public) == 1 else [])
        return told[0].synopsis if told else ""
