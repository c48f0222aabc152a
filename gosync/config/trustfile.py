"""Trust file that the configuration names: whose signatures of bundles count."""

from __future__ import annotations

from pathlib import Path

from gosync.errors import ConfigError
from gosync.hint import advise, command
from gosync.signing.files import read_trust
from gosync.signing.trust import TrustFile


def find_trust(path: Path) -> TrustFile:
    """Read a trust file.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    if not path.exists():
        raise ConfigError(
            f"{path}: there is no trust file, so nobody's bundles are taken",
            hint=advise(
                "outside, {} prints what belongs into it; bundle.trust names another",
                command("key new", "NAME"),
            ),
        )
    return read_trust(path)
