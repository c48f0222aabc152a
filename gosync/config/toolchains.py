"""Section ``[toolchains]``, made into versions of Go and platforms.

A version is one of Go's, with or without the ``go`` of its toolchain's name; a
platform is GOOS-GOARCH as toolchains' names have it (https://go.dev/dl/).
"""

from __future__ import annotations

import re

from gosync.config.schema import ToolchainsSection
from gosync.errors import ConfigError
from gosync.gomod import gover
from gosync.site.options import ToolchainSpec

_PLATFORM = re.compile(r"[a-z][a-z0-9]*-[a-z][a-z0-9]*", re.ASCII)


def make_toolchains(section: ToolchainsSection, *, has_tools: bool) -> ToolchainSpec:
    """Return the toolchains to carry, each once.

    Args:
        section: What is configured.
        has_tools: Whether a select names tools, which may ask for toolchains.

    Raises:
        ConfigError: if a version or a platform is none, or only one of both is
            named.
    """
    versions = tuple(dict.fromkeys(map(_version, section.versions)))
    platforms = tuple(dict.fromkeys(map(_platform, section.platforms)))
    if versions and not platforms:
        raise ConfigError(
            "toolchains.platforms names no platform",
            hint='set it to what clients run on, like ["linux-amd64"]',
        )
    if platforms and not versions and not has_tools:
        raise ConfigError(
            "toolchains.versions names no version of Go",
            hint='set it, like ["1.24.0"], or leave [toolchains] out',
        )
    return ToolchainSpec(versions, platforms, section.archives)


def _version(text: str) -> str:
    version = text.removeprefix("go")
    if not gover.is_valid(version):
        raise ConfigError(
            f"toolchains.versions: {text!r} is no version of Go",
            hint='write it like "1.24.0" or "go1.24.0"',
        )
    return version


def _platform(text: str) -> str:
    if _PLATFORM.fullmatch(text) is None:
        guess = text.replace("/", "-").replace("_", "-").lower()
        likely = guess if _PLATFORM.fullmatch(guess) else "linux-amd64"
        raise ConfigError(
            f"toolchains.platforms: {text!r} is not GOOS-GOARCH",
            hint=f'write it like "{likely}"',
        )
    return text
