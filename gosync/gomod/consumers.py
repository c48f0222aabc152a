"""How a consumer uses the modules that it requires. Pure.

``IMPORTING``   imports any of their packages: libraries that are not internal;
``testing``     runs all their tests as well (``go test`` of all packages), its own
                requirement of them or from their folder;
``getting``     loads the package at the module's root, as ``go get MODULE`` does;
``installing``  ``go install PACKAGE@VERSION``: one program, and nobody's tests.
"""

from __future__ import annotations

import msgspec

from gosync.gomod.modulepackages import Package

_INTERNAL = "internal"


class Use(msgspec.Struct, frozen=True):
    """What is done with the packages of modules.

    Attributes:
        tests: Whether all their tests are run.
        program: The folder of the program that is installed, "" for the module's
            root; None for none.
    """

    tests: bool = False
    program: str | None = None

    @property
    def follows_tests(self) -> bool:
        """Whether tests of imported packages are looked into, as "all" has them."""
        return self.program is None

    def begins_with(self, package: Package) -> bool:
        """Tell whether a package of the modules is used itself."""
        if self.program is not None:
            return package.folder == self.program
        if self.tests:
            return package.is_matched
        return package.is_library and package.is_matched and not _is_internal(package)


IMPORTING = Use()
TESTING = Use(tests=True)
GETTING = Use(program="")


def _is_internal(package: Package) -> bool:
    return _INTERNAL in package.folder.split("/")
