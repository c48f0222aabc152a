"""GOPROXY of the user's ``go``: set with ``go env -w``, and brought back as it was.

What stood there before is kept in a file, so that it can be brought back once: a value,
or that there was none.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from gosync.errors import ConfigError, UsageError

_SECONDS: Final = 60
_VARIABLE: Final = "GOPROXY"


class OldSetting(msgspec.Struct, frozen=True):
    """What was set before.

    Attributes:
        was: The value in the file of ``go env -w``; None where there was none.
        now: What was set in its place.
    """

    was: str | None
    now: str


class RestoredSetting(msgspec.Struct, frozen=True):
    """A setting that was brought back; its fields are the JSON document's.

    Attributes:
        was: What was set before.
        goproxy: What is set now; None for nothing.
    """

    was: str
    goproxy: str | None


class GoProxySetting:
    """The settings of one user's go."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Prepare to ask the ``go`` that this environment finds."""
        self._environment = dict(environment)
        home = environment.get("HOME") or "/"
        state = environment.get("XDG_STATE_HOME") or f"{home}/.local/state"
        self._kept = Path(state) / "gosync" / "goenv.json"

    def current(self) -> str:
        """Return the value in effect.

        Raises:
            ConfigError: go cannot be run.
        """
        return self._go(_VARIABLE)

    def is_overridden(self) -> bool:
        """Whether the environment sets the variable, which wins over the file."""
        return _VARIABLE in self._environment

    def apply(self, value: str) -> OldSetting:
        """Set the value; what stood there before is kept first.

        Raises:
            ConfigError: go cannot be run or refuses, or nothing can be kept.
        """
        was = self._stored()
        before = self._read()
        # Applied twice, it is the first one that is to be brought back.
        old = before.was if before is not None and before.now == was else was
        setting = OldSetting(old, value)
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            draft = self._kept.with_suffix(".new")
            draft.write_bytes(msgspec.json.encode(setting))
            draft.replace(self._kept)
        except OSError as exc:
            raise ConfigError(f"{self._kept}: {exc.strerror}") from exc
        self._go("-w", f"{_VARIABLE}={value}")
        return OldSetting(was, value)

    def undo(self) -> OldSetting:
        """Bring back what stood there before.

        Raises:
            UsageError: Nothing was applied, or somebody has set another value since.
            ConfigError: go cannot be run or refuses.
        """
        setting = self._read()
        if setting is None:
            raise UsageError("nothing was applied here that could be undone")
        stored = self._stored()
        if stored != setting.now:
            raise UsageError(
                f"GOPROXY is {stored!r} now, not {setting.now!r}: it was set since",
                hint=f"go env -w GOPROXY={setting.was}" if setting.was else None,
            )
        if setting.was is None:
            self._go("-u", _VARIABLE)
        else:
            self._go("-w", f"{_VARIABLE}={setting.was}")
        self._kept.unlink(missing_ok=True)
        return setting

    def _read(self) -> OldSetting | None:
        try:
            return msgspec.json.decode(self._kept.read_bytes(), type=OldSetting)
        except (OSError, msgspec.DecodeError):
            return None

    def _stored(self) -> str | None:
        """Return the value in go's own file, whatever the environment says."""
        said = json.loads(self._go("-json", "GOENV"))
        file = Path(said.get("GOENV") or os.devnull)
        try:
            lines = file.read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            return None
        prefix = f"{_VARIABLE}="
        values = [
            each.removeprefix(prefix) for each in lines if each.startswith(prefix)
        ]
        return values[-1] if values else None

    def _go(self, *arguments: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own go
                ["go", "env", *arguments],  # noqa: S607 - whichever PATH finds
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise ConfigError(
                f"go cannot be run: {exc}", hint="install go, or set GOPROXY by hand"
            ) from exc
        if done.returncode:
            raise ConfigError(f"go env: {done.stderr.strip()[:200]}")
        return done.stdout.strip()
