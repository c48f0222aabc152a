"""``gosync key new``."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from gosync.cli.main import main
from gosync.signing.files import read_key
from gosync.signing.keys import KeyKind
from gosync.signing.trust import parse_trust


@pytest.mark.parametrize("kind", KeyKind)
def test_a_new_key_is_what_its_trust_entry_says(tmp_path: Path, kind: KeyKind):
    asked = ["key", "new", "packer", "--kind", kind.value, "--dir", str(tmp_path)]
    done = CliRunner().invoke(main, [*asked, "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)

    (trusted,) = parse_trust(document["trust"], subject="x").keys
    public = read_key(tmp_path / "packer.key").public()
    assert trusted.public == public
    assert document["fingerprint"] == public.fingerprint
    assert tomllib.loads(document["trust"])["key"][0]["name"] == "packer"
    assert "PRIVATE" not in done.output


def test_a_key_is_never_written_over(tmp_path: Path):
    asked = ["key", "new", "packer", "--dir", str(tmp_path)]
    assert CliRunner().invoke(main, asked).exit_code == 0
    before = (tmp_path / "packer.key").read_bytes()

    again = CliRunner().invoke(main, asked)
    assert "there already" in str(again.exception)
    assert (tmp_path / "packer.key").read_bytes() == before


def test_a_name_is_no_path(tmp_path: Path):
    asked = ["key", "new", "../packer", "--dir", str(tmp_path)]
    assert "want letters" in str(CliRunner().invoke(main, asked).exception)
