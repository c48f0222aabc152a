"""``[toolchains]``: versions of Go and platforms."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.config import load_config
from gosync.errors import ConfigError
from gosync.site.options import ToolchainSpec


def toolchains_of(
    folder: Path, versions: str, platforms: str, environ: dict[str, str] | None = None
) -> ToolchainSpec:
    file = folder / "gosync.toml"
    file.write_text(f"[toolchains]\nversions = {versions}\nplatforms = {platforms}\n")
    return load_config(file, environ or {}).site_options().toolchains


def test_a_version_may_be_a_toolchains_name(tmp_path: Path):
    versions = '["1.23.4", "go1.24.0", "1.24.0", "1.22", "1.25rc1"]'
    got = toolchains_of(tmp_path, versions, '["linux-amd64", "linux-armv6l"]')

    assert got == ToolchainSpec(
        ("1.23.4", "1.24.0", "1.22", "1.25rc1"), ("linux-amd64", "linux-armv6l")
    )


def test_none_are_carried_unless_asked_for(tmp_path: Path):
    assert toolchains_of(tmp_path, "[]", "[]") == ToolchainSpec()


def test_variables_name_them_divided_by_commas(tmp_path: Path):
    environ = {
        "GOSYNC_TOOLCHAINS_VERSIONS": "1.23.4,go1.24.0",
        "GOSYNC_TOOLCHAINS_PLATFORMS": "darwin-arm64",
    }
    got = toolchains_of(tmp_path, "[]", "[]", environ)

    assert got == ToolchainSpec(("1.23.4", "1.24.0"), ("darwin-arm64",))


@pytest.mark.parametrize(
    ("versions", "platforms", "named"),
    [
        ('["latest"]', '["linux-amd64"]', "latest"),
        ('["v1.23.4"]', '["linux-amd64"]', "v1.23.4"),
        ('["go1.23.4-corp"]', '["linux-amd64"]', "go1.23.4-corp"),
        ('[""]', '["linux-amd64"]', "no version of Go"),
        ('["1.23.4"]', '["linux/amd64"]', '"linux-amd64"'),
        ('["1.23.4"]', '["Darwin_ARM64"]', '"darwin-arm64"'),
        ('["1.23.4"]', '["linux"]', "GOOS-GOARCH"),
        ('["1.23.4"]', '["../x-y"]', "GOOS-GOARCH"),
        ('["1.23.4"]', "[]", "no platform"),
        ("[]", '["linux-amd64"]', "no version of Go"),
        ('"1.23.4"', '["linux-amd64"]', "versions"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, versions: str, platforms: str, named: str
):
    with pytest.raises(ConfigError) as caught:
        toolchains_of(tmp_path, versions, platforms)
    assert named in f"{caught.value} / {caught.value.hint}"
