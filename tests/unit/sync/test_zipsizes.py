"""Zip sizes: what is known tells of what is not, and few questions are asked."""

from __future__ import annotations

from gosync.gomod.module import ModuleVersion
from gosync.sync.zipsizes import ModuleSizes, SizeKind, ZipSizes, worth_asking


def test_an_estimate_names_its_kind() -> None:
    sizes = ZipSizes(
        {"a.example/m": ModuleSizes(2, 300), "b.example/m": ModuleSizes(1, 50)}
    )
    sizes.tell(ModuleVersion("c.example/m", "v1.0.0"), 40)
    assert sizes.of(ModuleVersion("c.example/m", "v1.0.0")) == (40, SizeKind.ASKED)
    assert sizes.of(ModuleVersion("c.example/m", "v1.1.0")) == (40, SizeKind.MODULE)
    assert sizes.of(ModuleVersion("a.example/m", "v9.0.0")) == (150, SizeKind.MODULE)
    assert sizes.of(ModuleVersion("d.example/m", "v1.0.0")) == (
        (150 + 50 + 40) // 3,
        SizeKind.MEAN,
    )
    assert ZipSizes({}).of(ModuleVersion("d.example/m", "v1.0.0")) == (
        0,
        SizeKind.UNKNOWN,
    )


def test_of_many_zips_one_of_each_unknown_module_is_asked_for() -> None:
    sizes = ZipSizes({"known.example/m": ModuleSizes(1, 10)})
    zips = [
        ModuleVersion(path, f"v1.{n}.0")
        for path, count in (("few.example/m", 2), ("many.example/m", 9_990))
        for n in range(count)
    ]
    zips += [ModuleVersion("known.example/m", "v1.1.0")]
    assert worth_asking(zips, sizes, 2_000) == [
        ModuleVersion("many.example/m", "v1.9989.0"),
        ModuleVersion("few.example/m", "v1.1.0"),
    ]
    assert worth_asking(zips, sizes, 1) == [
        ModuleVersion("many.example/m", "v1.9989.0")
    ]
    assert worth_asking(zips[:5], sizes, 5) == zips[:5]
