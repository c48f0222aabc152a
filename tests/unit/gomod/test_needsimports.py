"""What a consumer of one module can come to build with, whatever it imports of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gosync.gomod.consumers import IMPORTING, TESTING, Use
from gosync.gomod.mains import MainModule, Mains
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.modread import GraphReader
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.needsimports import reach
from gosync.gomod.needsreached import FirstImport, ImportSource, Reached

# By module version: the go line and requirements, then packages; "name < imports"
# are a package's imports, "name ? imports" those of its tests, before " main" those of
# a program. "." is the root.
World = Mapping[str, tuple[str, str]]


def mv(text: str) -> ModuleVersion:
    path, _, version = text.partition("@")
    return ModuleVersion(f"x.test/{path}", version)


def full(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"x.test/{name}" for name in names)


def gomod(name: str, text: str) -> GoMod:
    go, *required = text.split()
    lines = [f"module {mv(name).path}", f"go {go}"]
    lines += [f"require {mv(each).path} {mv(each).version}" for each in required]
    return parse_lax("\n".join(lines).encode())


def packages(text: str) -> ModulePackages:
    found: dict[str, Package] = {}
    for line in filter(None, map(str.strip, text.split(";"))):
        folder, *rest = line.removesuffix(" main").split()
        folder = "" if folder == "." else folder
        before = found.get(folder, Package(folder))
        imports = full(rest[1:]) if rest[:1] == ["<"] else before.imports
        tests = full(rest[1:]) if rest[:1] == ["?"] else before.test_imports
        is_library = not line.endswith(" main")
        found[folder] = Package(folder, imports, tests, is_library=is_library)
    return ModulePackages(tuple(found[each] for each in sorted(found)))


def reached(
    world: World,
    *names: str,
    newest: Mapping[str, str] = {},
    unread: str = "",
    use: Use = IMPORTING,
) -> Reached:
    modules = [mv(name) for name in names]
    known = {mv(each): world[each] for each in world}
    spelled = {mv(each): each for each in world}
    latest = {f"x.test/{path}": version for path, version in newest.items()}

    def load(each: ModuleVersion, /) -> GoMod | None:
        return gomod(spelled[each], known[each][0]) if each in known else None

    def open_zip(each: ModuleVersion, /) -> ModulePackages | None:
        return None if each == mv(unread) else packages(known[each][1])

    def upgrades(paths: Sequence[str], /) -> Mapping[str, str]:
        return {each: latest[each] for each in paths if each in latest}

    mains = Mains([MainModule(GoMod(module="consumer.invalid", go="1.17"))])
    imports = ImportSource(open_zip, None, upgrades)
    nothing = mains.requirements()
    return reach(modules, GraphReader(mains, load, None), nothing, imports, use)


def zips(found: Reached) -> list[str]:
    return sorted(str(each).removeprefix("x.test/") for each in found.zips)


def test_what_is_required_and_not_imported_is_no_zip() -> None:
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 b@v1.0.0", ". < a"),
        "a@v1.0.0": ("1.21", ".; other < b"),
        "b@v1.0.0": ("1.21", "."),
    }
    found = reached(world, "m@v1.0.0")
    assert zips(found) == ["a@v1.0.0", "m@v1.0.0"]
    assert mv("b@v1.0.0") in found.selectable


def test_versions_on_both_sides_of_a_test_dependency_are_taken() -> None:
    """A tidy consumer drops d, which m's tests alone import, and what d requires."""
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 d@v1.0.0 t@v1.0.0", ". < a; . ? d t"),
        "a@v1.0.0": ("1.21", "."),
        "d@v1.0.0": ("1.21 t@v1.1.0", ". < t"),
        "t@v1.0.0": ("1.21", "."),
        "t@v1.1.0": ("1.21", "."),
    }
    expected = ["a@v1.0.0", "d@v1.0.0", "m@v1.0.0", "t@v1.0.0", "t@v1.1.0"]
    assert zips(reached(world, "m@v1.0.0")) == expected


def test_a_lower_version_is_followed_by_its_own_imports() -> None:
    """Only t v1.0.0 imports u, and only a consumer without d selects it."""
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 d@v1.0.0", ". < a; p < d"),
        "a@v1.0.0": ("1.21 t@v1.0.0 u@v1.0.0", ". ? t"),
        "d@v1.0.0": ("1.21 t@v1.1.0", "."),
        "t@v1.0.0": ("1.21 u@v1.0.0", ". < u"),
        "t@v1.1.0": ("1.21", "."),
        "u@v1.0.0": ("1.21", "."),
    }
    found = zips(reached(world, "m@v1.0.0"))
    assert {"t@v1.0.0", "t@v1.1.0", "u@v1.0.0"} < set(found)


def test_nothing_below_what_the_module_requires_is_taken() -> None:
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 t@v1.2.0", ". < a t"),
        "a@v1.0.0": ("1.21 t@v1.1.0", ". < t"),
        "t@v1.1.0": ("1.21", "."),
        "t@v1.2.0": ("1.21", "."),
    }
    found = reached(world, "m@v1.0.0")
    assert zips(found) == ["a@v1.0.0", "m@v1.0.0", "t@v1.2.0"]
    assert mv("t@v1.1.0") not in found.selectable


def test_a_floor_that_an_upgrade_of_the_module_takes_away_is_none() -> None:
    """A dependency in a circle upgrades m itself, and m v1.1.0 requires less."""
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 t@v1.2.0", ". < a t"),
        "m@v1.1.0": ("1.21 a@v1.0.0 t@v1.1.0", ". < a t"),
        "a@v1.0.0": ("1.21 m@v1.1.0", "."),
        "t@v1.1.0": ("1.21", "."),
        "t@v1.2.0": ("1.21", "."),
    }
    found = zips(reached(world, "m@v1.0.0"))
    assert {"m@v1.1.0", "t@v1.1.0", "t@v1.2.0"} < set(found)


def test_tests_of_what_only_tests_import_are_nobodys() -> None:
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0", ". ? a"),
        "a@v1.0.0": ("1.21 b@v1.0.0 c@v1.0.0", ". < b; . ? c"),
        "b@v1.0.0": ("1.21", "."),
        "c@v1.0.0": ("1.21", "."),
    }
    assert zips(reached(world, "m@v1.0.0")) == ["a@v1.0.0", "b@v1.0.0", "m@v1.0.0"]


def test_all_modules_that_may_have_a_package_are_opened() -> None:
    """go looks into each, to be sure that an import is not ambiguous."""
    world = {
        "m@v1.0.0": ("1.16 a@v1.0.0 a/sub@v1.0.0", ". < a/sub/p"),
        "a@v1.0.0": ("1.16", "."),
        "a/sub@v1.0.0": ("1.16", "p"),
    }
    expected = ["a/sub@v1.0.0", "a@v1.0.0", "m@v1.0.0"]
    assert zips(reached(world, "m@v1.0.0")) == expected


def test_an_import_that_nothing_provides_is_taken_in_its_newest_version() -> None:
    world = {
        "m@v1.0.0": ("1.16", ". < a/p gone"),
        "a@v1.3.0": ("1.21 b@v1.0.0", "p < b"),
        "b@v1.0.0": ("1.21", "."),
    }
    found = reached(world, "m@v1.0.0", newest={"a": "v1.3.0"})
    assert zips(found) == ["a@v1.3.0", "b@v1.0.0", "m@v1.0.0"]
    assert set(found.newest) == {mv("a@v1.3.0")}
    assert found.unprovided == {"x.test/gone": mv("m@v1.0.0")}


def test_the_newest_is_taken_where_only_a_chance_requires_another() -> None:
    """b requires no c; only who imports m/p as well has d, which requires one."""
    world = {
        "m@v1.0.0": ("1.21 b@v1.0.0 d@v1.0.0", ". < b; p < d"),
        "b@v1.0.0": ("1.21", ". < c"),
        "d@v1.0.0": ("1.21 c@v1.0.0", ". < c"),
        "c@v1.0.0": ("1.21", "."),
        "c@v1.5.0": ("1.21", "."),
    }
    found = reached(world, "m@v1.0.0", newest={"c": "v1.5.0"})
    assert set(found.newest) == {mv("c@v1.5.0")}
    assert {"c@v1.0.0", "c@v1.5.0"} < set(zips(found))
    assert found.unprovided == {}


def test_what_tests_come_to_is_no_root_and_its_requirements_may_be_pruned_out() -> None:
    world = {
        "m@v1.0.0": ("1.21 b@v1.0.0", ". ? b"),
        "b@v1.0.0": ("1.21 c@v1.0.0", ". < c"),
        "c@v1.0.0": ("1.21", "."),
        "c@v1.5.0": ("1.21", "."),
    }
    found = reached(world, "m@v1.0.0", newest={"c": "v1.5.0"})
    assert set(found.newest) == {mv("c@v1.5.0")}
    tidy = world | {"m@v1.0.0": ("1.21 b@v1.0.0 c@v1.0.0", ". ? b")}
    assert reached(tidy, "m@v1.0.0", newest={"c": "v1.5.0"}).newest == {}


def test_all_newest_modules_that_may_have_a_package_are_opened() -> None:
    world = {
        "m@v1.0.0": ("1.16", ". < a/sub/p"),
        "a@v1.0.0": ("1.16", "sub/p"),
        "a/sub@v1.0.0": ("1.16", "p"),
    }
    found = reached(world, "m@v1.0.0", newest={"a": "v1.0.0", "a/sub": "v1.0.0"})
    assert set(found.newest) == {mv("a/sub@v1.0.0")}
    assert "a@v1.0.0" in zips(found)


def test_of_a_module_without_requirements_all_is_imported_at_once() -> None:
    world = {
        "m@v1.0.0": ("1.16", ". < a c"),
        "a@v1.3.0": ("1.16 c@v1.0.0", ". < c"),
        "c@v1.0.0": ("1.16", "."),
        "c@v1.1.0": ("1.16", "."),
    }
    newest = {"a": "v1.3.0", "c": "v1.1.0"}
    expected = ["a@v1.3.0", "c@v1.1.0", "m@v1.0.0"]
    assert zips(reached(world, "m@v1.0.0", newest=newest)) == expected


PROGRAMS: World = {
    "m@v1.0.0": (
        "1.21 a@v1.0.0 b@v1.0.0 d@v1.0.0",
        ". < a; cmd < b main; cmd ? d main",
    ),
    "a@v1.0.0": ("1.21 c@v1.0.0", ".; cmd < c main"),
    "b@v1.0.0": ("1.21 c@v1.0.0", ".; . ? c"),
    "c@v1.0.0": ("1.21", "."),
    "d@v1.0.0": ("1.21", "."),
}


def test_who_imports_a_module_cannot_import_its_programs() -> None:
    assert zips(reached(PROGRAMS, "m@v1.0.0")) == ["a@v1.0.0", "m@v1.0.0"]


def test_who_installs_a_program_takes_what_it_imports_and_no_tests() -> None:
    found = reached(PROGRAMS, "m@v1.0.0", use=Use(program="cmd"))
    assert zips(found) == ["b@v1.0.0", "m@v1.0.0"]
    assert mv("a@v1.0.0") in found.selectable


def test_tests_of_all_packages_take_what_no_importer_comes_to() -> None:
    world = {
        "m@v1.0.0": (
            "1.21 a@v1.0.0 b@v1.0.0 c@v1.0.0",
            ". < a; cmd < b main; internal/x ? c",
        ),
        "a@v1.0.0": ("1.21", "."),
        "b@v1.0.0": ("1.21", "."),
        "c@v1.0.0": ("1.21", ".; . ? gone"),
    }
    found = reached(world, "m@v1.0.0", use=TESTING)
    assert zips(found) == ["a@v1.0.0", "b@v1.0.0", "c@v1.0.0", "m@v1.0.0"]
    assert found.unprovided == {}, "tests of what tests import are nobody's"


def test_what_the_module_requires_may_be_required_besides() -> None:
    """So what these require counts, whether anything of them is imported or not."""
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 i@v1.0.0", ". ? a"),
        "a@v1.0.0": ("1.21", "."),
        "i@v1.0.0": ("1.21 a@v1.1.0", "."),
        "a@v1.1.0": ("1.21", "."),
    }
    expected = ["a@v1.0.0", "a@v1.1.0", "m@v1.0.0"]
    assert zips(reached(world, "m@v1.0.0")) == expected
    assert zips(reached(world, "m@v1.0.0", use=TESTING)) == expected
    assert zips(reached(world, "m@v1.0.0", use=Use(program="")))[-1] == "m@v1.0.0"


def test_what_tests_alone_come_to_brings_no_requirements() -> None:
    """Nobody makes t a root, so that u v1.1.0 and its imports stay outside."""
    world = {
        "m@v1.0.0": ("1.21 b@v1.0.0", "p < b"),
        "b@v1.0.0": ("1.21 a@v1.0.0", ". < a"),
        "a@v1.0.0": ("1.21 t@v1.0.0 u@v1.0.0", ". ? t"),
        "t@v1.0.0": ("1.21 u@v1.1.0", ". < u"),
        "u@v1.0.0": ("1.21", "."),
        "u@v1.1.0": ("1.21", ". < gone"),
    }
    found = reached(world, "m@v1.0.0")
    expected = ["a@v1.0.0", "b@v1.0.0", "m@v1.0.0", "t@v1.0.0", "u@v1.0.0"]
    assert zips(found) == expected
    assert mv("u@v1.1.0") in found.selectable
    assert found.unprovided == {}


KEPT: World = {
    "m@v1.0.0": ("1.21 a@v1.0.0 e@v1.0.0", ". < e; p < a"),
    "a@v1.0.0": ("1.21 t@v1.0.0 u@v1.0.0", ". ? t"),
    "e@v1.0.0": ("1.21 d@v1.0.0", ". < d"),
    "d@v1.0.0": ("1.21 t@v1.1.0", "."),
    "t@v1.0.0": ("1.21", ". < u"),
    "t@v1.1.0": ("1.21 u@v1.1.0", ". < u"),
    "u@v1.0.0": ("1.21", "."),
    "u@v1.1.0": ("1.21", "."),
}


def test_what_tidying_keeps_for_tests_brings_its_requirements() -> None:
    """m itself brings d, so t v1.1.0; tidying drops d of who imports m/p, not t."""
    assert "u@v1.1.0" in zips(reached(KEPT, "m@v1.0.0"))
    imported = {**KEPT, "m@v1.0.0": ("1.21 a@v1.0.0 e@v1.0.0", "q < e; p < a")}
    assert "u@v1.1.0" not in zips(reached(imported, "m@v1.0.0"))


def test_who_gets_a_module_takes_what_the_program_at_its_root_imports() -> None:
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 b@v1.0.0", ". < a main; . ? b main; p"),
        "a@v1.0.0": ("1.21 b@v1.0.0", ".; . ? b"),
        "b@v1.0.0": ("1.21", "."),
    }
    assert zips(reached(world, "m@v1.0.0")) == ["a@v1.0.0", "m@v1.0.0"]


TOGETHER: World = {
    "m@v1.0.0": ("1.21 t@v1.0.0", ". < t"),
    "n@v1.0.0": ("1.21 t@v1.2.0", ". < t/p"),
    "t@v1.0.0": ("1.21", ".; p"),
    "t@v1.2.0": ("1.21 u@v1.0.0", ". < u; p"),
    "u@v1.0.0": ("1.21", "."),
}


def test_together_all_select_what_none_alone_does() -> None:
    one, other = (zips(reached(TOGETHER, f"{each}@v1.0.0")) for each in "mn")
    assert {*one, *other} == {"m@v1.0.0", "n@v1.0.0", "t@v1.0.0", "t@v1.2.0"}
    expected = ["m@v1.0.0", "n@v1.0.0", "t@v1.2.0", "u@v1.0.0"]
    assert zips(reached(TOGETHER, "m@v1.0.0", "n@v1.0.0")) == expected


def test_together_one_may_upgrade_another() -> None:
    """Who requires all has n v1.1.0, and at least what that one requires, and m."""
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0", ". < a"),
        "a@v1.0.0": ("1.21 n@v1.1.0 t@v1.0.0 s@v1.0.0", ". < n t s"),
        "n@v1.0.0": ("1.21 t@v1.2.0 s@v1.1.0", ". < t s"),
        "n@v1.1.0": ("1.21 t@v1.1.0 s@v1.2.0", ". < t s"),
        "t@v1.0.0": ("1.21", "."),
        "t@v1.1.0": ("1.21", "."),
        "t@v1.2.0": ("1.21", "."),
        "s@v1.0.0": ("1.21", "."),
        "s@v1.1.0": ("1.21", "."),
        "s@v1.2.0": ("1.21", "."),
    }
    found = set(zips(reached(world, "m@v1.0.0", "n@v1.0.0")))
    assert {"n@v1.0.0", "n@v1.1.0", "t@v1.1.0", "t@v1.2.0"} < found
    assert "t@v1.0.0" not in found
    assert "s@v1.0.0" not in found


def test_together_of_several_versions_the_highest_counts() -> None:
    world = {**TOGETHER, "m@v1.1.0": ("1.21 t@v1.2.0", ". < t")}
    found = reached(world, "m@v1.0.0", "m@v1.1.0")
    assert "t@v1.0.0" not in zips(found)


def test_internal_packages_are_entered_by_imports_alone() -> None:
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 b@v1.0.0", ".; internal/x < a; testdata/y < b"),
        "a@v1.0.0": ("1.21", "."),
        "b@v1.0.0": ("1.21", "."),
    }
    assert zips(reached(world, "m@v1.0.0")) == ["m@v1.0.0"]


def test_a_zip_that_cannot_be_read_is_told() -> None:
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0", ". < a"),
        "a@v1.0.0": ("1.21", "."),
    }
    found = reached(world, "m@v1.0.0", newest={"a": "v1.5.0"}, unread="a@v1.0.0")
    assert found.unread == {mv("a@v1.0.0")}
    assert zips(found) == ["a@v1.0.0", "m@v1.0.0"], "and no newest version instead"
    assert found.unprovided == {}


def test_the_imports_that_led_to_a_version_are_told() -> None:
    world = {
        "m@v1.0.0": ("1.21 a@v1.0.0 b@v1.0.0", "p < a/q"),
        "a@v1.0.0": ("1.21 b@v1.0.0", "q ? b"),
        "b@v1.0.0": ("1.21", "."),
    }
    found = reached(world, "m@v1.0.0")
    assert [(each.package, each.path) for each in found.imports(mv("b@v1.0.0"))] == [
        ("x.test/m/p", "x.test/a/q"),
        ("x.test/a/q", "x.test/b"),
    ]
    assert found.imports(mv("b@v1.0.0"))[-1] == FirstImport(
        "x.test/b", mv("a@v1.0.0"), mv("a@v1.0.0")
    )
