"""Zip sizes, as far as they are known without fetching: exact, or an estimate. Pure.

A zip that is here has its size, and a proxy may say one. Otherwise the module's other
versions tell: their mean, for a module's zips are much alike. Where none is known, the
mean of each module's mean is taken, which is a guess that only sums may use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from gosync.gomod.module import ModuleVersion

_FEW = 30  # of so few modules a mean says nothing


class SizeKind(StrEnum):
    """How a size is known.

    Attributes:
        HERE: The zip is in the store.
        ASKED: A proxy said it.
        MODULE: The mean of other versions of the module.
        MEAN: The mean of other modules.
        UNKNOWN: Nothing is known; it counts as 0.
    """

    HERE = "here"
    ASKED = "asked"
    MODULE = "module"
    MEAN = "mean"
    UNKNOWN = "unknown"

    @property
    def is_exact(self) -> bool:
        """Whether it is the zip's own size."""
        return self in (SizeKind.HERE, SizeKind.ASKED)


class ModuleSizes(msgspec.Struct):
    """Known zip sizes of one module.

    Attributes:
        count: How many are known.
        sum_bytes: Their sum.
    """

    count: int = 0
    sum_bytes: int = 0

    @property
    def mean_bytes(self) -> int:
        """Their mean; there must be one."""
        return self.sum_bytes // self.count


class ZipSizes:
    """Known zip sizes, and what they say of others."""

    def __init__(self, here: Mapping[str, ModuleSizes]) -> None:
        """Begin with what the store has, by module; it is taken over."""
        self._modules = dict(here)
        self._asked: dict[ModuleVersion, int] = {}
        self._mean: int | None = None

    def tell(self, mv: ModuleVersion, size_bytes: int) -> None:
        """Take what a proxy said."""
        self._asked[mv] = size_bytes
        module = self._modules.setdefault(mv.path, ModuleSizes())
        module.count += 1
        module.sum_bytes += size_bytes
        self._mean = None

    def is_known(self, path: str) -> bool:
        """Whether the size of any zip of a module is known."""
        return path in self._modules

    @property
    def is_representative(self) -> bool:
        """Whether so many modules are known that their mean says something."""
        return len(self._modules) >= _FEW

    def of(self, mv: ModuleVersion) -> tuple[int, SizeKind]:
        """Return the size of a zip that is not here, and how it is known."""
        asked = self._asked.get(mv)
        if asked is not None:
            return asked, SizeKind.ASKED
        module = self._modules.get(mv.path)
        if module is not None:
            return module.mean_bytes, SizeKind.MODULE
        if not self._modules:
            return 0, SizeKind.UNKNOWN
        return self._mean_bytes(), SizeKind.MEAN

    def _mean_bytes(self) -> int:
        if self._mean is None:
            means = [module.mean_bytes for module in self._modules.values()]
            self._mean = sum(means) // len(means)
        return self._mean


def worth_asking(
    versions: Iterable[ModuleVersion], sizes: ZipSizes, most: int
) -> list[ModuleVersion]:
    """Return the zips whose sizes a proxy is to be asked for, at most so many.

    All where these are few enough; else one of each module of which none is known,
    those first that have the most versions: one answer tells of them all.
    """
    unknown = list(versions)
    if len(unknown) <= most:
        return unknown
    modules: dict[str, list[ModuleVersion]] = {}
    for mv in unknown:
        if not sizes.is_known(mv.path):
            modules.setdefault(mv.path, []).append(mv)
    ordered = sorted(modules.values(), key=lambda each: (-len(each), each[0]))
    return [each[-1] for each in ordered[:most]]
