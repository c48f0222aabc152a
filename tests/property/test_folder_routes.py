"""No name, however chosen, leads out of the tree or onto another file."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.folder import routes
from gosync.publish.marker import FORMAT, Marker, format_marker, parse_marker
from gosync.publish.stale import removal_order, stale_names
from tests.tiers import examples

ELEMENTS = st.one_of(
    st.sampled_from(
        [
            "example.com",
            "github.com",
            "A",
            "sub",
            "v2",
            "index.html",
            "sumdb",
            "@v",
            "..",
            ".",
            "",
            ".gosync",
            "list",
            "@latest",
            "modules",
            "a.b",
            "CON",
            "~1",
        ]
    ),
    st.text(max_size=12),
)
PATHS = st.lists(ELEMENTS, min_size=1, max_size=4).map("/".join)
VERSIONS = st.one_of(
    st.sampled_from(["v1.0.0", "v2.0.0", "v2.0.0+incompatible", "v1.0.0-RC.1", "v1"]),
    st.builds("v1.0.0{}".format, st.text(max_size=12)),
    st.text(max_size=12),
)


def files_of(path: str, version: str) -> list[str]:
    at = routes.of_module(path)
    version_at = at.of_version(version)
    lookup = f"{routes.sumdb_folder('sum.example')}/lookup/{version_at.lookup}"
    return [
        *(at.list, at.latest, at.page, at.alias("0123abc")),
        *(version_at.info, version_at.mod, version_at.zip, lookup),
    ]


@settings(max_examples=examples(400))
@given(PATHS, VERSIONS)
def test_any_name_is_refused_or_stays_inside(path: str, version: str) -> None:
    try:
        files = files_of(path, version)
    except MalformedError:
        return
    for file in files:
        parts = PurePosixPath(file).parts
        assert not file.startswith("/")
        assert not {"..", ".", ""} & set(file.split("/"))
        assert all(len(part.encode()) <= 255 for part in parts)
        assert file.isascii()
        assert file == file.lower()  # nothing collides where case is ignored
        assert parts[0] not in (routes.MARKER_FOLDER, routes.PAGES_FOLDER)
        assert file != routes.ROOT_PAGE


SOUND = st.sampled_from(
    [
        "example.com",
        "example.com/index.html",
        "example.com/list",
        "example.com/a",
        "example.com/A",
        "example.com/a/v2",
        "index.com",
        "sumdb.com/lookup",
    ]
)
SOUND_VERSIONS = st.sampled_from(["v1.0.0", "v1.0.0-RC.1", "v1.0.0-rc.1", "v0.1.0"])


@given(SOUND, SOUND, SOUND_VERSIONS, SOUND_VERSIONS)
def test_no_two_files_meet(first: str, second: str, v1: str, v2: str) -> None:
    if first.endswith("/v2") or second.endswith("/v2"):
        return
    one, other = files_of(first, v1), files_of(second, v2)
    if first != second:
        assert not set(one) & set(other)
        folders = {
            str(parent) for file in other for parent in PurePosixPath(file).parents
        }
        assert not set(one) & folders
    elif v1 != v2:
        assert len({*one, *other}) == len(one) + len(other) - 4  # list to alias
    pages = {routes.ROOT_PAGE, routes.list_page(""), routes.list_page(first)}
    assert not pages & {*one, *other}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_marker_or_an_incomplete_one(data: bytes) -> None:
    marker = parse_marker(data)
    assert isinstance(marker, Marker)


@given(
    st.builds(
        Marker,
        format=st.just(FORMAT),
        complete=st.booleans(),
        contents=st.text(max_size=9),
        heads=st.dictionaries(st.text(max_size=9), st.lists(st.integers(0, 2**62))),
    )
)
def test_a_marker_survives_being_written(marker: Marker) -> None:
    assert parse_marker(format_marker(marker)) == marker


@given(st.lists(st.text(max_size=20)), st.sets(st.text(max_size=20)))
def test_what_is_wanted_is_never_stale(names: list[str], wanted: set[str]) -> None:
    stale = stale_names([*names, "v1.0.0.zip", *wanted], wanted | {"list"})
    assert not set(stale) & (wanted | {"list"})
    assert "v1.0.0.zip" in stale or "v1.0.0.zip" in wanted


@given(
    st.permutations(
        [
            "m/@latest",
            "m/@v/list",
            "m/@v/v1.0.0.info",
            "m/@v/v1.0.0.zip",
            "m/@v/v1.0.0.mod",
            "sumdb/s/lookup/m@v1.0.0",
        ]
    )
)
def test_removal_has_one_order(paths: list[str]) -> None:
    assert removal_order(paths) == [
        *("m/@latest", "m/@v/list", "m/@v/v1.0.0.info", "m/@v/v1.0.0.zip"),
        *("m/@v/v1.0.0.mod", "sumdb/s/lookup/m@v1.0.0"),
    ]
