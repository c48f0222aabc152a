"""``gosync sbom``: documents of a project, a version, the tree and a bundle.

Each is held against its format's official JSON schema, and a project's components
against what a real go lists and links.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cyclonedx.schema
import jsonschema_rs
import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from gosync.demo.modules import ModuleSource
from gosync.osv.files import database_files
from tests.go.cells import without_network
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, USAGE
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient, need_go
from tests.simulator.standard import source
from tests.unit.licence.texts import MIT
from tests.unit.vulndb.entries import FIRST, entry, fixed

LOW, HIGH, IDLE = "low.example/m", "high.example/m", "idle.example/m"
FORK, APP = "fork.example/m", "app.example/m"
_SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"


def _module(path: str, *requires: str, uses: str = "", version: str = "v1.0.0"):
    lines = "".join(f"require {each} v1.0.0\n" for each in requires)
    imports = f'import _ "{uses}"\n' if uses else ""
    files = {
        "go.mod": f"module {path}\n\ngo 1.21\n\n{lines}",
        "m.go": f"package m\n\n{imports}",
        "LICENSE": MIT.decode(),
    }
    return source(path, version, files)


def _sources() -> list[ModuleSource]:
    fork = _module(FORK, version="v1.5.0")
    files = {**fork.files, "go.mod": f"module {IDLE}\n\ngo 1.21\n".encode()}
    return [
        _module(LOW),
        _module(HIGH, LOW, IDLE, uses=LOW),
        _module(IDLE),
        ModuleSource(FORK, "v1.5.0", files),
    ]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        for each in _sources():
            sim.publish(each)
        yield sim


@pytest.fixture(scope="module")
def site(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> InProcessSite:
    folder = tmp_path_factory.mktemp("sbom")
    site = InProcessSite(folder, sim, modules=[LOW, HIGH, IDLE, FORK])
    site.sync(expect=OK)
    return site


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app")
    (folder / "go.mod").write_text(
        f"module {APP}\n\ngo 1.21\n\nrequire {HIGH} v1.0.0\n\n"
        f"require (\n\t{LOW} v1.0.0 // indirect\n\t{IDLE} v1.0.0 // indirect\n)\n\n"
        f"replace {IDLE} => {FORK} v1.5.0\n"
    )
    (folder / "main.go").write_text(
        f'package main\n\nimport _ "{HIGH}"\n\nfunc main() {{}}\n'
    )
    return folder


def _cyclonedx(site: InProcessSite, tmp_path: Path, *of: str) -> dict[str, Any]:
    out = tmp_path / "bom.json"
    site.run("sbom", *of, "--out", str(out), expect=OK)
    document: dict[str, Any] = json.loads(out.read_bytes())
    _check_schema(document)
    return document


def _check_schema(document: object) -> None:
    """Hold a document against CycloneDX's schema, and what that refers to."""
    named = {
        f"http://cyclonedx.org/schema/{file.name}": json.loads(file.read_bytes())
        for file in _SCHEMAS.glob("*.schema.json")
    }
    schema = json.loads((_SCHEMAS / "bom-1.6.SNAPSHOT.schema.json").read_bytes())
    registry = jsonschema_rs.Registry(named.items(), draft=jsonschema_rs.Draft7)
    jsonschema_rs.Draft7Validator(schema, registry=registry).validate(document)


def _scopes(document: dict[str, Any]) -> dict[str, str | None]:
    return {
        f"{each['name']}@{each['version']}": each.get("scope")
        for each in document["components"]
    }


def test_a_project_has_what_go_lists_and_links(
    site: InProcessSite, sim: Simulator, app: Path, tmp_path: Path
):
    document = _cyclonedx(site, tmp_path, str(app))
    assert _scopes(document) == {
        f"{FORK}@v1.5.0": "optional",
        f"{HIGH}@v1.0.0": "required",
        f"{LOW}@v1.0.0": "required",
    }
    needs = {each["ref"]: each.get("dependsOn") for each in document["dependencies"]}
    low, fork = f"pkg:golang/{LOW}@v1.0.0", f"pkg:golang/{FORK}@v1.5.0"
    assert needs[f"pkg:golang/{HIGH}@v1.0.0"] == [fork, low]

    with GoClient(
        tmp_path / "go", goproxy=site.tree.as_uri(), gosumdb=sim.gosumdb, go=need_go()
    ) as go:
        form = "{{with or .Replace .}}{{.Path}}@{{.Version}}{{end}}"
        listed = go.run("list", "-mod=mod", "-m", "-f", form, "all", cwd=app).split()
        assert set(listed[1:]) == set(_scopes(document))

        binary = tmp_path / "app.bin"
        go.run("build", "-mod=mod", "-o", str(binary), ".", cwd=app)
    by_binary = _cyclonedx(site, tmp_path, str(app), "--binary", str(binary))
    assert _scopes(by_binary) == _scopes(document)


def test_a_component_has_licence_hashes_and_proof(site: InProcessSite, tmp_path: Path):
    document = _cyclonedx(site, tmp_path, "--tree")
    low = next(each for each in document["components"] if each["name"] == LOW)
    facts = {each["name"]: each["value"] for each in low["properties"]}
    row = site.run("show", f"{LOW}@v1.0.0", expect=OK).document

    assert low["purl"] == f"pkg:golang/{LOW}@v1.0.0"
    assert low["licenses"] == [{"expression": "MIT"}]
    assert low["hashes"] == [{"alg": "SHA-256", "content": row["zip_digest"]}]
    assert facts["gosync:h1"] == row["zip_h1"]
    assert facts["gosync:proof"] == "sumdb"
    assert facts["gosync:sumdb:record"] == str(row["record_id"])
    heads = document["metadata"]["properties"]
    assert [each["name"].partition(":sumdb:")[0] for each in heads] == ["gosync"]
    assert len(document["components"]) == 4


def test_a_version_is_built_by_itself(site: InProcessSite, tmp_path: Path):
    document = _cyclonedx(site, tmp_path, f"{HIGH}@v1.0.0")
    assert document["metadata"]["component"]["purl"] == f"pkg:golang/{HIGH}@v1.0.0"
    assert _scopes(document) == {
        f"{IDLE}@v1.0.0": "optional",
        f"{LOW}@v1.0.0": "required",
    }


def test_the_same_contents_have_the_same_number(site: InProcessSite, tmp_path: Path):
    both = [_cyclonedx(site, tmp_path, "--tree")["serialNumber"] for _ in range(2)]
    assert both[0] == both[1]


def test_spdx_is_valid_by_its_own_tools(site: InProcessSite, app: Path, tmp_path: Path):
    out = tmp_path / "app.spdx.json"
    site.run("sbom", str(app), "--format", "spdx", "--out", str(out), expect=OK)
    document = parse_file(str(out))
    assert validate_full_spdx_document(document) == []
    assert [each.name for each in document.packages] == [APP, FORK, HIGH, LOW]


def test_one_subject_is_named(site: InProcessSite):
    site.run("sbom", expect=USAGE)
    site.run("sbom", "x", "--tree", expect=USAGE)
    site.run("sbom", f"{HIGH}@v9.9.9", "--out", "x", expect=USAGE)


def _database(site: InProcessSite, *entries: bytes) -> None:
    files = database_files({json.loads(e)["id"]: e for e in entries}, modified=None)
    for name, data in files.items():
        path = site.folder.parent / "vulndb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    site.declare(vulndb={"source": "../vulndb"})
    site.run("vulns", "--update")


def _affecting(identifier: str, module: str, package: str, **fields: Any) -> bytes:
    document = json.loads(entry(identifier, FIRST, module=module, **fields))
    imports = [{"path": package, "symbols": ["F"]}]
    document["affected"][0]["ecosystem_specific"] = {"imports": imports}
    return json.dumps(document).encode()


def test_what_is_known_of_vulnerabilities(sim: Simulator, app: Path, tmp_path: Path):
    site = InProcessSite(tmp_path / "site", sim, modules=[LOW, HIGH, IDLE, FORK])
    site.sync(expect=OK)
    _database(
        site,
        _affecting("GO-2024-0001", LOW, LOW, aliases=["CVE-2024-1"]),
        _affecting("GO-2024-0002", LOW, f"{LOW}/other"),
        entry("GO-2024-0003", FIRST, fixed("1.5.1"), module=FORK),
        entry("GO-2024-0004", FIRST, fixed("1.0.0"), module=HIGH),
    )
    found = {
        each["id"]: each
        for each in _cyclonedx(site, tmp_path, str(app))["vulnerabilities"]
    }
    states = {key: each["analysis"]["state"] for key, each in found.items()}
    assert states == {
        "GO-2024-0001": "in_triage",
        "GO-2024-0002": "not_affected",
        "GO-2024-0003": "not_affected",
    }
    assert found["GO-2024-0001"]["affects"] == [{"ref": f"pkg:golang/{LOW}@v1.0.0"}]
    assert [e["id"] for e in found["GO-2024-0001"]["references"]] == ["CVE-2024-1"]
    assert found["GO-2024-0003"]["recommendation"] == "upgrade to v1.5.1"
    assert found["GO-2024-0002"]["analysis"]["justification"] == "code_not_present"
    out = tmp_path / "app.spdx.json"
    site.run("sbom", str(app), "--format", "spdx", "--out", str(out), expect=OK)
    document = parse_file(str(out))
    assert validate_full_spdx_document(document) == []
    told = [e.locator for p in document.packages for e in p.external_references]
    assert sum(each.endswith("/GO-2024-0001") for each in told) == 1


def test_a_bundle_carries_one_signed_with_the_rest(sim: Simulator, tmp_path: Path):
    site = InProcessSite(tmp_path / "site", sim, modules=[LOW])
    key = site.run("key", "new", "packer", "--dir", str(tmp_path), expect=OK).document
    target = {"name": "inside", "sbom": ["cyclonedx", "spdx"], "base": "sealed"}
    site.declare(target=[{**target, "keys": [key["secret_file"]]}])
    site.sync(expect=OK)
    media = ("--out", str(tmp_path / "media"))
    made = site.run("bundle", "create", *media, expect=OK).document
    folder = Path(made["folder"])
    document = _cyclonedx(site, tmp_path, "--bundle", str(folder))
    assert _scopes(document) == {f"{LOW}@v1.0.0": None}
    assert document["components"][0]["licenses"] == [{"expression": "MIT"}]
    out = tmp_path / "bundle.spdx.json"
    of = ("--bundle", str(folder), "--format", "spdx", "--out", str(out))
    site.run("sbom", *of, expect=OK)
    assert validate_full_spdx_document(parse_file(str(out))) == []

    again = site.run("bundle", "create", *media, expect=OK).document
    assert again["result"] == "nothing-new", "the same selection has the same SBOM"
    trust = tmp_path / "trust.toml"
    trust.write_text(key["trust"])
    site.run("bundle", "verify", str(folder), "--trust", str(trust), expect=OK)
    volume = max(folder.iterdir(), key=lambda each: each.stat().st_size)
    data = bytearray(volume.read_bytes())
    data[len(data) // 2] ^= 1
    volume.write_bytes(data)
    assert site.run("bundle", "verify", str(folder)).code != OK
    site.select([LOW, HIGH])
    site.sync(expect=OK)
    more = site.run("bundle", "create", *media, expect=OK).document
    document = _cyclonedx(site, tmp_path, "--bundle", more["folder"])
    assert set(_scopes(document)) == {f"{LOW}@v1.0.0", f"{HIGH}@v1.0.0"}
    site.run("publish", expect=OK)
    carried = site.tree / "documents/sbom/bundle.cdx.json"
    assert json.loads(carried.read_bytes()) == document


@pytest.mark.foreign
def test_osv_scanner_reads_both_formats(sim: Simulator, tmp_path: Path):
    scanner = os.environ.get("GOSYNC_TEST_OSV_SCANNER") or shutil.which("osv-scanner")
    assert scanner, "name the command with GOSYNC_TEST_OSV_SCANNER"
    site = InProcessSite(tmp_path / "site", sim, modules=[LOW, HIGH, IDLE, FORK])
    site.sync(expect=OK)
    known = entry("GO-2024-0001", FIRST, module=LOW)
    database = tmp_path / "known/osv-scalibr/Go/all.zip"
    database.parent.mkdir(parents=True)
    with zipfile.ZipFile(database, "w") as packed:
        packed.writestr("GO-2024-0001.json", known)
    for form, name in (("cyclonedx", "bom.cdx.json"), ("spdx", "bom.spdx.json")):
        out = tmp_path / name
        site.run("sbom", "--tree", "--format", form, "--out", str(out), expect=OK)
        how = ("--offline", "--all-packages", "--format", "json", "-L", str(out))
        done = subprocess.run(
            [*without_network(), scanner, "scan", "source", *how],
            env={"OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY": str(tmp_path / "known")},
            capture_output=True,
            check=False,
            timeout=120,
        )
        (found,) = json.loads(done.stdout)["results"]
        ids = [e["id"] for p in found["packages"] for e in p.get("vulnerabilities", [])]
        assert (len(found["packages"]), ids) == (4, ["GO-2024-0001"])
