"""Section ``[scale]``, made into what meets a scheduler at tls://."""

from __future__ import annotations

from gosync.config.mistakes import Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.schema import ScaleSection
from gosync.errors import ConfigError
from gosync.scale.options import SweepTls


def make_sweep_tls(
    section: ScaleSection, places: ConfigPaths, mistakes: Mistakes
) -> SweepTls:
    """Return the certificates of a sweep; what is wrong is noted."""
    files = {
        name: str(places.optional(("scale", name), getattr(section, name)) or "")
        for name in ("ca_file", "client_cert", "client_key")
    }
    if bool(files["ca_file"]) != bool(files["client_cert"]):
        error = ConfigError(
            "needs both ca_file and client_cert",
            hint="either side of a tls:// scheduler proves who it is",
        )
        mistakes.add(("scale",), error)
    return SweepTls(files["ca_file"], files["client_cert"], files["client_key"])
