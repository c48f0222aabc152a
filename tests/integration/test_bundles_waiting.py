"""Bundles that wait for what they build on, and what may become of their copies."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.bundle.format.header import format_header
from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME, volume_name
from gosync.bundle.read.folder import BundleFolder
from gosync.cli.main import run
from tests.integration.pair import GAP, VOLUME
from tests.integration.site import OK
from tests.integration.twins import (
    SIGNATURE,
    WAYS,
    Media,
    make_inside,
    make_media,
    sign,
    take,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def media(tmp_path: Path) -> Media:
    return make_media(WAYS["one that waits"], tmp_path / "media")


@pytest.fixture
def config(tmp_path: Path, media: Media) -> Path:
    """A site at which the last bundle waits for the one before it."""
    config = make_inside(tmp_path / "inside", media)
    assert take(config, media.honest) == GAP
    return config


def copies(config: Path) -> list[Path]:
    return sorted((config.parent / "var" / "bundles").iterdir())


def shows_all(config: Path) -> bool:
    return any(config.with_name("public").rglob("v1.1.0.zip"))


def test_a_catalog_that_was_lost_forgets_no_bundle_that_waits(
    media: Media, config: Path
):
    """The journal knows of applied bundles alone, and so does a rebuilt catalog."""
    with closing(sqlite3.connect(config.parent / "var" / "catalog.sqlite")) as catalog:
        catalog.execute("DELETE FROM imports WHERE state = 'staged'")
        catalog.commit()

    assert take(config, media.before[0]) == OK
    assert shows_all(config), "the medium of the last one was not asked for again"
    assert not copies(config)


def test_a_copy_that_nobody_signed_does_not_wait(media: Media, config: Path):
    (copy,) = copies(config)
    twin = BundleFolder.open(media.twin)
    for file in copy.iterdir():
        file.chmod(0o644)
        file.write_bytes((media.twin / file.name).read_bytes())
    copy.rename(copy.with_name(twin.id))

    assert take(config, media.before[0]) == OK
    assert not shows_all(config)
    assert not copies(config)


def test_what_is_no_copy_is_left_alone(media: Media, config: Path):
    theirs = config.parent / "var" / "bundles" / "notes.txt"
    theirs.write_text("where the media are")
    left = theirs.with_name(f"{'a' * 64}.part")
    left.mkdir()

    assert take(config, media.before[0]) == OK
    assert copies(config) == [theirs]


def test_a_volume_that_rotted_while_it_waited_is_asked_for_again(
    media: Media, config: Path, capsys: pytest.CaptureFixture[str]
):
    (copy,) = copies(config)
    volume = copy / volume_name(1)
    volume.chmod(0o644)
    volume.write_bytes(bytes(volume.stat().st_size))

    assert take(config, media.before[0]) == VOLUME
    assert "import it from its medium again" in capsys.readouterr().err
    assert not copies(config)
    assert take(config, media.before[0]) == OK
    assert take(config, media.honest) == OK
    assert shows_all(config)


def test_a_revoked_one_waits_no_more(media: Media, config: Path):
    (copy,) = copies(config)
    assert run(["bundle", "revoke", copy.name[:8], "--config", str(config)]) == OK
    assert not copies(config)
    assert take(config, media.before[0]) == OK
    assert not shows_all(config)


@pytest.mark.parametrize("name", [MANIFEST_NAME, HEADER_NAME, SIGNATURE])
def test_a_waiting_bundle_whose_copy_rotted_is_in_nobody_s_way(
    media: Media, config: Path, name: str
):
    (copy,) = (config.parent / "var" / "bundles").glob(f"*/{name}")
    copy.chmod(0o644)
    copy.write_bytes(copy.read_bytes()[:-40] + bytes(40))

    assert take(config, media.before[0]) == OK
    assert take(config, media.honest) == OK
    assert shows_all(config)


@pytest.mark.parametrize(
    "created",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00.000001Z",
        "9999-12-31T23:59:59.999999999Z",
        "0001-01-02T00:00:00+23:59",
    ],
)
def test_a_signed_bundle_of_the_calendar_s_edge_is_taken_in(
    created: str, tmp_path: Path
):
    media = make_media(WAYS["rebuilt"], tmp_path / "media")
    header = BundleFolder.open(media.honest).header
    (media.honest / HEADER_NAME).write_bytes(
        format_header(replace(header, created=created))
    )
    sign(media.honest, media.packer)
    config = make_inside(tmp_path / "inside", media)

    for _ in range(2):
        assert take(config, media.honest) == OK
    for command in (["bundle", "list"], ["catalog", "rebuild"], ["status"]):
        assert run([*command, "--config", str(config)]) == OK
    assert take(config, media.honest) == OK
