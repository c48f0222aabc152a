"""Records of builds: written and read, made of logs, and wrong ones refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.gomod.filekind import FileKind
from gosync.project.record import (
    BuildRecord,
    RecordedModule,
    RecordedVersion,
    format_record,
    parse_record,
)
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, USAGE
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.unit.access.test_audit import line

HEAD = 'format = 1\nmade_at = ""\n'


@given(st.text(max_size=40), st.sets(st.sampled_from(FileKind), min_size=1))
def test_what_is_written_is_read(text: str, files: set[FileKind]):
    asked = RecordedModule(path=text, asked=[text, text])
    version = RecordedVersion(
        path="rsc.io/quote", version="v1.5.2", files=sorted(files), count=3
    )
    record = BuildRecord(
        made_at=text, made_of=text, version=[version], module=[asked], absent=[asked]
    )
    assert parse_record(format_record(record)) == record


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_or_a_record(data: bytes):
    with suppress(MalformedError):
        parse_record(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[version]]",
        'format = 2\nmade_at = ""',
        f'{HEAD}[[version]]\npath = "rsc.io/quote"\nversion = "latest"\nfiles = []',
        f'{HEAD}[[version]]\npath = "../x"\nversion = "v1.0.0"\nfiles = ["zip"]',
        f'{HEAD}[[version]]\npath = "rsc.io/q"\nversion = "v1.0.0"\nfiles = ["exe"]',
    ],
)
def test_what_is_no_record_is_refused(text):
    with pytest.raises(MalformedError):
        parse_record(text.encode())


@pytest.fixture
def site(tmp_path):
    with Simulator() as sim:
        for name in ("a", "b", "c"):
            sim.publish(module(f"{name}.example/m", "v1.0.0"))
        yield InProcessSite(tmp_path / "site", sim)


def test_logs_of_a_fleet_become_a_record_that_a_site_carries(site, tmp_path):
    log = tmp_path / "a.log"
    asked = [("a", "zip"), ("a", "mod"), ("b", "mod"), ("c", "zip")]
    paths = [f"/{name}.example/m/@v/v1.0.0.{kind}" for name, kind in asked]
    lines = [line(1, path) for path in (*paths[:3], *paths)]
    lines.append(line(2, "/absent.example/m/@v/list", 404))
    log.write_text("".join(lines))
    name = str(site.folder / "fleet")
    site.run("record", name, "--from-log", str(log), "--at-least", "2")
    site.declare(project=[{"record": "fleet.record.toml"}])
    assert site.run("sync").code == OK
    assert site.carried() == {"a.example/m@v1.0.0"}
    found = site.run("list", "--all").document["versions"]
    assert {each["path"] for each in found} == {"a.example/m", "b.example/m"}
    assert "absent.example/m" in (site.folder / "fleet.record.toml").read_text()


@pytest.mark.parametrize(
    ("project", "said"),
    [
        ({}, "either path or record"),
        ({"path": "a", "record": "b"}, "either path or record"),
        ({"record": "none.record.toml"}, "No such file"),
    ],
)
def test_a_project_without_a_record_or_with_both_is_a_mistake(site, project, said):
    site.declare(project=[project])
    assert said in site.run("config", "check", expect=USAGE).stdout
