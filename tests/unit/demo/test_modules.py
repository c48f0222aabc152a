from __future__ import annotations

import io
import zipfile

import pytest

from gosync.demo.modules import (
    ModuleSource,
    build_zip,
    commit_hash,
    go_mod,
    info_json,
    load_sources,
    parse_source,
    samples_folder,
)
from gosync.errors import MalformedError
from gosync.gomod.info import parse_info
from gosync.gomod.pseudo import pseudo_version_rev

TEXT = """\
module: a.example/M
version: v1.2.3
time: 2024-03-05T10:00:00Z
-- go.mod --
module a.example/M
-- sub/b.go --
package b
-- a.go --
package a
"""


def test_a_source_parses_into_its_files():
    source = parse_source(TEXT)
    assert str(source.module_version) == "a.example/M@v1.2.3"
    assert list(source.files) == ["go.mod", "sub/b.go", "a.go"]
    assert source.files["a.go"] == b"package a\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "module: a.example/m\nversion: v1.0.0\n-- a.go --\n",
        "no colon\n-- a.go --\n",
        TEXT + "-- a.go --\nagain\n",
        TEXT.replace("v1.2.3", "v1.2"),
        TEXT.replace("a.example/M", "a.example/../m"),
    ],
)
def test_a_source_without_sense_is_malformed(text: str):
    with pytest.raises(MalformedError):
        parse_source(text)


def test_the_zip_has_the_prefix_and_names_in_byte_order():
    data = build_zip(parse_source(TEXT))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        prefix = "a.example/M@v1.2.3/"
        names = [prefix + name for name in ("a.go", "go.mod", "sub/b.go")]
        assert archive.namelist() == names
    assert build_zip(parse_source(TEXT)) == data


def test_the_info_says_version_time_and_commit():
    source = parse_source(TEXT)
    info = parse_info(info_json(source))
    assert info.version == "v1.2.3"
    assert info.time == source.time
    assert info.origin is not None
    assert info.origin.hash == commit_hash(source)
    assert info.origin.ref == "refs/tags/v1.2.3"


def test_a_module_without_go_mod_gets_the_line_that_go_makes_up():
    assert go_mod(ModuleSource("a.example/m", "v1.0.0", {})) == b"module a.example/m\n"


def test_a_pseudo_version_ends_with_its_commit():
    version = "v0.0.0-20240101000000-aaaaaaaaaaaa"
    commit = commit_hash(ModuleSource("a.example/m", version, {}))
    assert len(commit) == 40
    assert commit.startswith(pseudo_version_rev(version))


def test_the_samples_load_oldest_first():
    sources = load_sources(samples_folder() / "modules")
    assert len(sources) >= 8
    assert [each.time for each in sources] == sorted(each.time for each in sources)
    assert any(each.path == "demo.example/postcard" for each in sources)
