"""Any name has its place, any state file and any time is read or refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.config.durations import parse_duration
from gosync.errors import MalformedError
from gosync.folder.athens import AthensLayout
from gosync.folder.layouts import FILES, Layout, Part, Role, TargetKind, VersionsLayout
from gosync.gomod.module import ModuleVersion
from gosync.verify.look.memory import STATE_FILE, StateFile

_KINDS = (
    TargetKind.TREE,
    TargetKind.GOPROXY,
    TargetKind.MODCACHE,
    TargetKind.ATHENS_S3,
)
LAYOUTS: list[Layout] = [*(VersionsLayout(kind) for kind in _KINDS), AthensLayout()]
_PIECES = st.sampled_from(
    [
        "cache",
        "download",
        "sumdb",
        "sum.golang.org",
        "lookup",
        "tile",
        "8",
        "0",
        "x001",
        "000",
        "000.p",
        "latest",
        "supported",
        "@v",
        "@latest",
        "list",
        "example.com",
        "!upper",
        "Upper",
        "v2",
        "v1.0.0",
        "v2.0.0",
        "v1.0.0.zip",
        "v1.0.0.info",
        "v1.0.0.mod",
        "master.info",
        "v1.0.0.ziphash",
        "go.mod",
        "source.zip",
        "x@v1.0.0",
        ".gosync",
        "..",
        "\udcff",
        "\x1b[2J",
        "",
    ]
)
PATHS = st.lists(_PIECES | st.text(max_size=8), min_size=1, max_size=8).map("/".join)
VERSIONS = st.sampled_from(
    [
        ModuleVersion("example.com/Upper/m", "v1.2.3"),
        ModuleVersion("example.com/m/v2", "v2.0.0-RC.1"),
        ModuleVersion("gopkg.in/yaml.v2", "v2.4.0"),
        ModuleVersion("example.com/m", "v3.0.0+incompatible"),
        ModuleVersion("example.com/m", "v0.0.0-20240102030405-abcdefabcdef"),
    ]
)


@given(PATHS, st.booleans(), st.sampled_from(LAYOUTS))
def test_any_path_has_a_place(path: str, is_folder: bool, layout: Layout):
    place = layout.place(path, is_folder=is_folder)

    leads_on = {Role.HOME, Role.WAY, Role.STRAY}
    assert place.enter is False or is_folder or place.role in leads_on
    if place.role in FILES and place.mv is not None:
        assert layout.path_of(place.mv, place.role) == path


@given(VERSIONS, st.sampled_from(FILES), st.sampled_from(LAYOUTS))
def test_a_file_is_found_where_it_belongs(
    mv: ModuleVersion, role: Part, layout: Layout
):
    place = layout.place(layout.path_of(mv, role), is_folder=False)

    assert (place.mv, place.role) == (mv, role)


@given(st.binary(max_size=300))
def test_any_state_file_is_read(data: bytes):
    with TemporaryDirectory() as folder:
        (Path(folder) / STATE_FILE).write_bytes(data)
        said, begun = StateFile(Path(folder)).load()

    assert said == {} or all(each.stamp is not None for each in said.values())
    assert begun is None or begun.tzinfo is not None


@given(st.text(max_size=12))
def test_any_time_is_read_or_refused(text: str):
    with suppress(MalformedError):
        assert parse_duration(text).total_seconds() >= 0


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1.5h", 5400), ("7d", 604_800), ("2w", 1209600)]
)
def test_times(text: str, seconds: float):
    assert parse_duration(text).total_seconds() == seconds
