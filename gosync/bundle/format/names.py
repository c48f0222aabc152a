"""Names and limits of a bundle's files; see the room for the format. Pure."""

from __future__ import annotations

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

FORMAT = 1
HEADER_NAME = "bundle.json"
MANIFEST_NAME = "manifest.zst"
SUMS_NAME = "SHA256SUMS"

MAX_HEADER_BYTES = 4 << 20
MAX_MANIFEST_BYTES = 1 << 30  # unpacked
MAX_MANIFEST_FILE_BYTES = 256 << 20
MAX_LINE_BYTES = 4 << 20
MAX_SUMS_BYTES = 4 << 20
MAX_SIGNATURE_BYTES = 64 << 10
MAX_VOLUMES = 9_999
MAX_FILE_BYTES = (4 << 30) - 1  # what FAT32 holds
MAX_MANIFEST_PARTS = 999
MAX_FILES = MAX_VOLUMES + MAX_MANIFEST_PARTS + 100
MAX_CHUNKS = 4096  # of CHUNK_BYTES, in a file of MAX_FILE_BYTES
MAX_GROUP_HEAD_BYTES = 16 << 20
MAX_GROUP_VERSIONS = 1024
MAX_GROUP_TEXT_BYTES = 384 << 20  # .info, .mod and recipes; larger than one version's
MAX_GROUP_CONTENT_BYTES = 1 << 30  # of what travels; larger than one zip's contents
MAX_RECIPE_BYTES = 256 << 20
MAX_INFO_BYTES = 16 << 20

CHUNK_BYTES = 1 << 20  # of a volume, with a digest of its own
WINDOW_LOG = 27
PATCH_BYTES = 48 << 20

_VOLUME = compile_on_use(r"vol-([0-9]{4})\.zst")
_MANIFEST_PART = compile_on_use(r"manifest-([0-9]{3})\.zst")
_LABEL = r"(\.[a-z0-9][a-z0-9_-]{0,62})?"
_SIGNATURE = compile_on_use(rf"bundle\.json{_LABEL}\.(sig|sigstore\.json)")


def volume_name(number: int) -> str:
    """Return the name of a volume, counted from 1.

    Raises:
        MalformedError: the number is out of range.
    """
    if not 1 <= number <= MAX_VOLUMES:
        raise MalformedError("volume number", number, f"not 1 to {MAX_VOLUMES}")
    return f"vol-{number:04d}.zst"


def manifest_part_name(number: int) -> str:
    """Return the name of a part of the manifest, counted from 1.

    Raises:
        MalformedError: the number is out of range.
    """
    if not 1 <= number <= MAX_MANIFEST_PARTS:
        raise MalformedError(
            "manifest part number", number, f"not 1 to {MAX_MANIFEST_PARTS}"
        )
    return f"manifest-{number:03d}.zst"


def is_bundle_name(name: str) -> bool:
    """Return whether a volume, a manifest's part or a signature may be called so."""
    numbered = _VOLUME.fullmatch(name) or _MANIFEST_PART.fullmatch(name)
    return numbered is not None or is_signature_name(name)


def is_signature_name(name: str) -> bool:
    """Return whether a file of this name is a signature over the header."""
    return _SIGNATURE.fullmatch(name) is not None
