"""Platforms, as wheels are tagged for them."""

from __future__ import annotations

import pytest

from gosync.errors import UsageError
from gosync.wheels.platforms import KNOWN, wheel_tags


@pytest.mark.parametrize("platform", KNOWN)
def test_each_known_platform_has_tags(platform: str):
    assert wheel_tags(platform)


def test_tags_are_those_of_pep_600():
    assert "manylinux_2_28_aarch64" in wheel_tags("linux-arm64")
    assert "macosx_11_0_arm64" in wheel_tags("darwin-arm64")


@pytest.mark.parametrize("platform", ["linux-386", "plan9-amd64", ""])
def test_others_are_named(platform: str):
    with pytest.raises(UsageError, match="no platform"):
        wheel_tags(platform)
