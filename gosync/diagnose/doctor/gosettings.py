"""Settings of ``go``, and where each comes from. Pure.

Of four layers the first that has a setting counts (``go help environment``)::

    process     the environment; an empty value is as none
    go env -w   the file that ``go env GOENV`` names; an empty value there counts
    go.env      the file of that name in GOROOT, which distributions change
    default     what is built in; GONOPROXY and GONOSUMDB default to GOPRIVATE

A line of the two files is ``NAME=VALUE``; what does not begin with a capital letter is
a comment, and of two lines with one name the later counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

NAMES: Final = (
    "GOPROXY",
    "GOSUMDB",
    "GOPRIVATE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOINSECURE",
    "GOFLAGS",
    "GOTOOLCHAIN",
    "GOAUTH",
    "GOVCS",
    "GOPATH",
    "GOMODCACHE",
    "GOWORK",
    "GO111MODULE",
)
_DEFAULTS: Final = {
    "GOPROXY": "https://proxy.golang.org,direct",
    "GOSUMDB": "sum.golang.org",
    "GOTOOLCHAIN": "auto",
    "GOAUTH": "netrc",
}


class SettingOrigin(StrEnum):
    """The layer that a setting comes from."""

    PROCESS = "environment"
    FILE = "go env -w"
    GOROOT = "go.env"
    DEFAULT = "default"


class GoSetting(msgspec.Struct, frozen=True):
    """One setting.

    Attributes:
        name: Its name.
        value: What counts.
        origin: Where it comes from.
        hidden: What layers below say otherwise: origin and value.
    """

    name: str
    value: str
    origin: SettingOrigin
    hidden: tuple[tuple[SettingOrigin, str], ...] = ()


class GoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings that have to do with modules.

    Attributes:
        settings: By name.
        environment: The process's environment, for what is not Go's own.
        env_file: The file of ``go env -w``; "" for none.
        go_env_file: GOROOT's go.env; "" where no GOROOT is known.
    """

    settings: Mapping[str, GoSetting]
    environment: Mapping[str, str]
    env_file: str = ""
    go_env_file: str = ""

    def __getitem__(self, name: str) -> str:
        """Return what counts."""
        return self.settings[name].value

    def layer(self, name: str) -> SettingOrigin:
        """Return where a setting comes from."""
        return self.settings[name].origin

    @property
    def changed(self) -> tuple[GoSetting, ...]:
        """What is not the default."""
        return tuple(
            each
            for each in self.settings.values()
            if each.origin is not SettingOrigin.DEFAULT
            and each.value != default_of(each.name, self.environment)
        )


def parse_env_file(text: str) -> dict[str, str]:
    """Return the settings of a go/env or go.env file."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, equals, value = line.partition("=")
        if equals and "A" <= line[0] <= "Z":
            found[name] = value
    return found


def make_settings(
    environment: Mapping[str, str],
    user: Mapping[str, str],
    goroot: Mapping[str, str],
    *,
    env_file: str = "",
    go_env_file: str = "",
) -> GoSettings:
    """Return the settings that count.

    Args:
        environment: The process's environment.
        user: The file of ``go env -w``.
        goroot: GOROOT's go.env.
        env_file: Where the first file is.
        go_env_file: Where the second is.
    """
    settings = {name: _setting(name, environment, user, goroot) for name in NAMES}
    private = settings["GOPRIVATE"]
    for name in ("GONOPROXY", "GONOSUMDB"):
        if not settings[name].value:
            settings[name] = GoSetting(name, private.value, private.origin)
    return GoSettings(
        settings=settings,
        environment=environment,
        env_file=env_file,
        go_env_file=go_env_file,
    )


def default_of(name: str, environment: Mapping[str, str]) -> str:
    """Return what is built in."""
    if name == "GOPATH":
        home = environment.get("HOME", "")
        return f"{home}/go" if home else ""
    return _DEFAULTS.get(name, "")


def module_cache(settings: GoSettings) -> str:
    """Return the module cache's folder; "" where nothing says it."""
    if settings["GOMODCACHE"]:
        return settings["GOMODCACHE"]
    first = go_path(settings)
    return f"{first}/pkg/mod" if first else ""


def go_path(settings: GoSettings) -> str:
    """Return the first folder of GOPATH; "" where nothing says it."""
    return settings["GOPATH"].split(":")[0]


def _setting(
    name: str,
    environment: Mapping[str, str],
    user: Mapping[str, str],
    goroot: Mapping[str, str],
) -> GoSetting:
    layers = []
    if environment.get(name):
        layers.append((SettingOrigin.PROCESS, environment[name]))
    if name in user:
        layers.append((SettingOrigin.FILE, user[name]))
    if name in goroot:
        layers.append((SettingOrigin.GOROOT, goroot[name]))
    layers.append((SettingOrigin.DEFAULT, default_of(name, environment)))
    (origin, value), *below = layers
    if not value:  # a file that says "" leaves what is built in
        origin, value = layers[-1] if layers[-1][1] else (origin, value)
    hidden = tuple(
        each for each in below if each[1] != value and each[0] is SettingOrigin.FILE
    )
    return GoSetting(name, value, origin, hidden)
