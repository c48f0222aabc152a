"""``--scheduler``: what is missing is named with the line that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gosync.cli.scheduler import sharing
from gosync.config import parse_config
from gosync.errors import ConfigError, UsageError
from gosync.scale.options import SchedulerAddress

_TWO = SchedulerAddress(workers=2)


def test_without_dask_the_install_line_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in [name for name in sys.modules if name.startswith("gosync.scale.")]:
        if name != "gosync.scale.options":
            monkeypatch.delitem(sys.modules, name)
    for name in ("dask", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)
    config = parse_config({}, {}, base=tmp_path)

    with pytest.raises(UsageError) as refused, sharing(_TWO, config):
        raise AssertionError
    assert str(refused.value.hint) == 'pip install "gosync[scale]"'


def test_nothing_is_loaded_where_it_is_not_asked_for(tmp_path: Path):
    with sharing(None, parse_config({}, {}, base=tmp_path)) as sweep:
        assert sweep is None


@pytest.mark.parametrize("section", [{"ca_file": "a"}, {"client_cert": "a"}])
def test_one_certificate_without_the_other_is_a_mistake(
    tmp_path: Path, section: dict[str, str]
):
    with pytest.raises(ConfigError, match="needs both ca_file and client_cert"):
        parse_config({"scale": section}, {}, base=tmp_path)


def test_certificates_are_taken_from_the_configurations_folder(tmp_path: Path):
    section = {"ca_file": "ca.pem", "client_cert": "own.pem"}
    tls = parse_config({"scale": section}, {}, base=tmp_path).sweep_tls
    assert (tls.ca_file, tls.cert_file) == (
        str(tmp_path / "ca.pem"),
        str(tmp_path / "own.pem"),
    )
    assert tls.key_file == ""
