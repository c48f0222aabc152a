"""Values of the scripts that set go up: ``setup.sh`` and ``setup.ps1``. Pure.

Both set GOPROXY, GOSUMDB, GOTOOLCHAIN and the patterns of private modules with
``go env -w``, for one user or in go's own ``go.env`` for all; fetch one module of the
tree as a proof; and put back what was there when that fails, or when asked to. What
each variable had before is noted beside the file; ``--undo`` puts it back where the
variable still has what was set, so that settings made since stay. A static tree may not
know its address: then it is an argument.

The scripts lie beside this module, with ``@VARIABLES@`` and others where values
stand, quoted for the shell that reads them. Both scripts do nothing before their
last line, so that half of a download runs nothing.
"""

from __future__ import annotations

import re

import msgspec

from gosync.sumdb.names import GOLANG_SUMDB, Database

_PLACE = re.compile("@(?:VARIABLES|PROBE|ADDRESS)@")


class ClientSettings(msgspec.Struct, frozen=True):
    """What clients of a tree set.

    Attributes:
        database: The checksum database, or None.
        private: GOPRIVATE patterns of what no database vouches for.
        toolchains: Whether Go toolchains are carried.
        probe: A ``module@version`` of the tree that a client can fetch, "" for none.
        url: The tree's address, "" when it is not known.
        covers_all: Whether the database has private modules, too.
    """

    database: Database | None
    private: tuple[str, ...]
    toolchains: bool
    probe: str
    url: str = ""
    covers_all: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """The variables besides GOPROXY."""
        found = {
            "GOSUMDB": gosumdb(self.database),
            "GOTOOLCHAIN": "auto" if self.toolchains else "local",
        }
        if self.covers_all:
            found |= {"GONOSUMDB": "none", "GONOPROXY": "none"}  # "none" is no module
        elif self.private and self.database is not None:
            found |= {"GONOSUMDB": ",".join(self.private), "GONOPROXY": "none"}
        return found


def gosumdb(database: Database | None) -> str:
    """Return what GOSUMDB is to be: the name alone where every go knows the key."""
    if database is None:
        return "off"
    known = database.name == GOLANG_SUMDB
    return GOLANG_SUMDB if known else database.verifier_key


def fill_sh(script: str, settings: ClientSettings) -> bytes:
    """Return the script for POSIX shells.

    Args:
        script: ``setup.sh`` as it lies beside this module.
        settings: What it is to set.
    """
    words = [f"{name}={_sh(text)}" for name, text in settings.variables.items()]
    return _filled(script, " ".join(words), _sh(settings.probe), _sh(settings.url))


def fill_ps1(script: str, settings: ClientSettings) -> bytes:
    """Return the script for PowerShell 5 and newer, likewise."""
    words = [_ps1(f"{name}={text}") for name, text in settings.variables.items()]
    return _filled(script, ", ".join(words), _ps1(settings.probe), _ps1(settings.url))


def _filled(script: str, variables: str, probe: str, address: str) -> bytes:
    values = {"@VARIABLES@": variables, "@PROBE@": probe, "@ADDRESS@": address}
    return _PLACE.sub(lambda found: values[found[0]], script).encode()


def _sh(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _ps1(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
