"""`gosync bundle create`, `inspect` and `verify`, as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gosync.bundle.format.names import HEADER_NAME
from gosync.cli.main import run
from gosync.demo.log import SumLog
from gosync.signing.files import write_key
from gosync.signing.keys import KeyKind, format_public_key, generate_key
from gosync.site.artifacts import keep_artifact
from tests.unit.bundle.outside import NAME, TARGET, Outside, changed, source

M = "example.com/m"
SITES = ("site-a", "site-b")
INCOMPLETE, USAGE, SECURITY, GAP, VOLUME = 3, 2, 6, 13, 14


@pytest.fixture(scope="module")
def log() -> SumLog:
    return SumLog(NAME)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, log: SumLog) -> Path:
    """A site outside with a key, a configuration and something to bundle."""
    folder = tmp_path_factory.mktemp("outside")
    with Outside(folder, log=log) as outside:
        key = generate_key(KeyKind.ED25519)
        write_key(key, folder / "packer.key", comment="packer")
        public = format_public_key(key.public()).strip()
        (folder / "trust.toml").write_text(
            f'[[key]]\nname = "packer"\npublic = "{public}"\n'
        )
        other = format_public_key(generate_key(KeyKind.ED25519).public()).strip()
        (folder / "others.toml").write_text(
            f'[[key]]\nname = "other"\npublic = "{other}"\n'
        )
        verifier = outside.log.verifier_key
        (folder / "sumdb").write_text(verifier)
        (folder / "gosync.toml").write_text(
            f'[upstream]\nproxies = "off"\nsumdb = "{verifier}"\n'
            f'[[target]]\nname = "{TARGET}"\nkeys = ["packer.key"]\nbase = "sealed"\n'
        )
        outside.add(M, "v1.0.0", source(1))
        outside.publish()
    return folder


class Ran:
    """A command that was run."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@pytest.fixture
def gosync(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    monkeypatch.chdir(folder)

    def command(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(["bundle", *arguments])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return command


@pytest.fixture(scope="module")
def full(folder: Path) -> Path:
    """The site's first bundle, made by the command."""
    arguments = ["--config", str(folder / "gosync.toml"), "--out", str(folder / "out")]
    report = folder / "report.json"
    assert run(["bundle", "create", *arguments, "--report", str(report)]) == 0
    return Path(json.loads(report.read_bytes())["folder"])


def test_nothing_new_is_no_error(gosync: Any, full: Path):
    again = gosync("create", "--json")
    assert (again.code, again.document["result"]) == (0, "nothing-new")
    assert "nothing new" in gosync("create").out
    assert full.is_dir()


def test_inspect_shows_what_a_bundle_says(gosync: Any, full: Path, tmp_path: Path):
    report = tmp_path / "report.json"
    shown = gosync("inspect", str(full), "--versions", "--report", str(report))
    assert shown.code == 0
    assert f"full bundle 1 for {TARGET}" in shown.out
    assert f"{M}@v1.0.0" in shown.out
    document = json.loads(report.read_bytes())
    assert document["bundle"]["id"] in shown.out
    assert document["signatures"] == ["bundle.json.sig"]
    assert [each["volume"] for each in document["versions"]] == [1]


def test_verify_needs_no_store_and_no_configuration(
    gosync: Any, full: Path, folder: Path, tmp_path: Path, monkeypatch: Any
):
    monkeypatch.chdir(tmp_path)
    trust = ("--trust", str(folder / "trust.toml"))
    sumdb = ("--sumdb", (folder / "sumdb").read_text())
    proven = gosync("verify", str(full), "--json", *trust, *sumdb).document
    assert proven["proven"]["versions"] == 1
    assert proven["head_proven"]
    assert [signer["name"] for signer in proven["signed_by"]] == ["packer"]
    assert proven["omitted"] == []
    assert "signatures not checked" in gosync("verify", str(full)).out


def test_verify_refuses_who_is_not_trusted(gosync: Any, full: Path):
    refused = gosync("verify", str(full), "--trust", "others.toml")
    assert refused.code == SECURITY
    assert "not trusted" in refused.err


def test_verify_refuses_a_head_of_another_log(gosync: Any, full: Path):
    assert gosync("verify", str(full), "--sumdb", "sum.golang.org").code == SECURITY
    assert gosync("verify", str(full), "--sumdb", "no key").code == USAGE


def test_verify_names_what_is_damaged(gosync: Any, full: Path, tmp_path: Path):
    for file in full.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    volume = tmp_path / "vol-0001.zst"
    volume.write_bytes(volume.read_bytes()[:-1])

    broken = gosync("verify", str(tmp_path))
    assert broken.code == VOLUME
    assert "vol-0001.zst" in broken.err
    assert "next: " in broken.err


def test_an_increment_is_a_patch_that_its_receiver_proves(
    gosync: Any, full: Path, folder: Path, log: SumLog
):
    assert full.is_dir()
    with Outside(folder, log=log) as outside:
        outside.add(M, "v1.1.0", changed(source(1), 3))
        outside.publish()
    made = gosync("create", "--json").document
    assert (made["bundle"]["kind"], made["bundle"]["patched"]) == ("increment", 1)
    alone = gosync("verify", made["folder"])
    assert alone.code == 0
    assert "not proven: 1 versions are patches" in alone.out
    based = gosync("verify", made["folder"], "--base", "public")
    assert "not proven" not in based.out
    assert "1 of 1 records and" in based.out
    proven = gosync("verify", made["folder"], "--base", "public", "--json").document
    assert (proven["proven"]["patches"], proven["proven"]["versions"]) == (0, 1)
    assert proven["log"]["tiles_proven"] == proven["log"]["tiles"] > 0
    nowhere = gosync("verify", made["folder"], "--base", "out")
    assert nowhere.code == GAP
    assert "name a tree" in nowhere.err


def test_the_tree_is_written_as_one_file(gosync: Any, folder: Path):
    made = gosync("create", "--tree", "--out", "media", "--json").document
    archive = folder / "media" / f"gosync-{TARGET}-tree.tar.zst"
    assert made["archive"] == str(archive)
    assert archive.stat().st_size == made["size_bytes"]
    assert archive.with_name(f"{archive.name}.sha256.sig").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "elsewhere"], "configured: enclave-a"),
        (["create", "--tree", "--exact"], "no other option fits"),
        (["create", "--need", "nowhere.json"], "nowhere.json"),
        (["create", "--need", "gosync.toml"], "gosync.toml"),
    ],
)
def test_what_makes_no_sense_is_refused(gosync: Any, arguments: list[str], says: str):
    refused = gosync(*arguments)
    assert refused.code == USAGE
    assert says in refused.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"created": "2', '"created": "0001-01-01T00:00:00+23:59", "x": "'),
        ('"created": "2', '"created": "9999-12-31T23:59:59-23:59", "x": "'),
        ('"created": "2', '"created": "2024-W01-1", "x": "'),
        ('"format": 1', '"format": 1, "x": ' + "[" * 50_000 + "]" * 50_000),
        ('"format": 1', '"format": 2'),
        ('"format": 1', '"format": ' + "9" * 5_000),
        ('"kind"', '"kind": "\\ud800", "x"'),
    ],
)
@pytest.mark.parametrize("verb", ["inspect", "verify", "import"])
def test_a_header_that_nobody_can_read_is_the_medium_s_fault(
    gosync: Any, full: Path, tmp_path: Path, verb: str, old: str, new: str
):
    medium = Path(shutil.copytree(full, tmp_path / "medium"))
    header = medium / HEADER_NAME
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new))

    trust = ("--trust", "trust.toml") if verb == "import" else ()
    refused = gosync(verb, str(medium), *trust)
    assert refused.code == VOLUME, refused.err
    assert refused.err.startswith("gosync: ")
    assert "bundle header" in refused.err


def test_what_is_older_inside_is_told_on_both_sides(
    gosync: Any, folder: Path, log: SumLog, tmp_path: Path
):
    with Outside(folder, log=log) as outside:
        keep_artifact(outside.site, "kind-of-2040", "a", [b"b"])
        keep_artifact(outside.site, "document", "a.txt", [b"a"])
    out = ("--out", str(tmp_path))
    made = gosync("create", *out, "--for-version", "0.1.0")
    left_out = "left out: 1 artifacts of kind kind-of-2040, which the gosync"
    assert made.code == 0
    assert left_out in made.out
    assert ", 1 artifacts, " in made.out

    bundle = Path(gosync("create", *out, "--json").document["folder"])
    shown = gosync("inspect", str(bundle)).out
    assert "  artifacts  2, 1 travel" in shown
    skipped = "skipped 1 artifacts of kind kind-of-2040: this gosync is older"
    assert skipped in shown
    refused = gosync("create", *out, "--for-version", "0.0.1")
    assert refused.code == USAGE
    assert "known are 0.1.0" in refused.err


def test_several_targets_are_sent_a_bundle_each(gosync: Any, folder: Path):
    text = (folder / "gosync.toml").read_text()
    others = "".join(
        f'[[target]]\nname = "{name}"\nbase = "sealed"\n' for name in SITES
    )
    (folder / "several.toml").write_text(text + others)
    some = ("create", "--config", "several.toml", "--out", "many")
    made = gosync(*some, "site-a", "site-b", "--json")
    assert made.code == 0
    told = made.document["targets"]
    assert [each["target"] for each in told] == ["site-a", "site-b"]
    for each in told:
        assert each["created"]["result"] == "created"
        assert each["created"]["bundle"]["target"] == each["target"]
        assert gosync("verify", each["created"]["folder"]).code == 0
    again = gosync(*some, "--all-targets", "--json").document["targets"]
    assert [each["target"] for each in again] == [TARGET, "site-a", "site-b"]
    assert again[1]["created"]["result"] == "nothing-new"
    for wrong in (["--need", "x"], ["--tree"], ["--report", "x"]):
        refused = gosync(*some, "--all-targets", *wrong)
        assert refused.code == USAGE
        assert "one target each" in refused.err
    assert "name none beside it" in gosync(*some, "site-a", "--all-targets").err
