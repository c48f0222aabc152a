"""Key files and folders of them, as secrets are mounted: read at each use."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.errors import ConfigError, UsageError
from gosync.signing.files import (
    read_keys,
    read_public_keys,
    read_trust,
    write_key,
)
from gosync.signing.keys import KeyKind, PublicKey, generate_key
from gosync.signing.trust import format_trusted_key


class Mount:
    """A folder as Kubernetes fills it: links to files of a dated folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._count = 0

    def fill(self, **files: bytes | str) -> None:
        """Replace all files at once."""
        self._count += 1
        dated = self.folder / f"..{self._count}"
        dated.mkdir()
        for name, data in files.items():
            file = dated / name.replace("_", ".")
            file.write_bytes(data.encode() if isinstance(data, str) else data)
            file.chmod(0o600)
        for each in self.folder.iterdir():
            if each.is_symlink():
                each.unlink()
        (self.folder / "..data").symlink_to(dated.name)
        for name in files:
            plain = name.replace("_", ".")
            (self.folder / plain).symlink_to(f"..data/{plain}")


def _pair(folder: Path, name: str) -> tuple[bytes, str, PublicKey]:
    key = generate_key(KeyKind.ED25519)
    public = write_key(key, folder / f"{name}.key", comment=name)
    return (folder / f"{name}.key").read_bytes(), public.read_text(), key.public()


@pytest.fixture
def mount(tmp_path: Path) -> Mount:
    return Mount(tmp_path / "mounted")


def test_a_key_is_exchanged_by_two_that_are_valid_for_a_while(
    mount: Mount, tmp_path: Path
) -> None:
    old, old_text, old_key = _pair(tmp_path, "old")
    new, new_text, new_key = _pair(tmp_path, "new")
    mount.fill(old_key=old, old_pub=old_text)
    assert [each.public() for each in read_keys(mount.folder)] == [old_key]
    assert read_public_keys([mount.folder]) == (old_key,)
    mount.fill(old_key=old, old_pub=old_text, new_key=new, new_pub=new_text)
    assert [each.public() for each in read_keys(mount.folder)] == [new_key, old_key]
    assert read_public_keys([mount.folder, mount.folder]) == (new_key, old_key)
    mount.fill(new_key=new, new_pub=new_text)
    assert [each.public() for each in read_keys(mount.folder)] == [new_key]
    mount.fill(readme_txt="nothing")
    with pytest.raises(UsageError, match="a folder without keys"):
        read_keys(mount.folder)
    with pytest.raises(ConfigError, match="a folder without keys"):
        read_public_keys([mount.folder])


def test_a_trust_folder(mount: Mount, tmp_path: Path) -> None:
    _, text, key = _pair(tmp_path, "packer")
    _, other_text, other = _pair(tmp_path, "officer")
    mount.fill(officer_pub=other_text)
    found = read_trust(mount.folder)
    assert (found.threshold, [e.name for e in found.keys]) == (1, ["officer"])
    named = f"threshold = 2\n{format_trusted_key('packer', key)}"
    mount.fill(trust_toml=named, officer_pub=other_text, packer_pub=text)
    found = read_trust(mount.folder)
    assert [e.public for e in found.keys] == [key, other], "the file's word comes first"
    mount.fill(trust_toml=named)
    with pytest.raises(ConfigError, match="2 signatures are asked for, 1 keys"):
        read_trust(mount.folder)
    mount.fill(officer_pub="no key")
    with pytest.raises(ConfigError, match=r"officer\.pub"):
        read_trust(mount.folder)


def test_others_may_not_read_a_secret_key(tmp_path: Path) -> None:
    _pair(tmp_path, "packer")
    file = tmp_path / "packer.key"
    for mode in (0o640, 0o604):
        file.chmod(mode)
        with pytest.raises(UsageError, match="others than its owner"):
            read_keys(file)
