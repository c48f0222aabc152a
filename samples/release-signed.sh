#!/bin/sh
# Takes a version that a release tool built and signed into the mirror: GoReleaser with
# `source.enabled`, `checksum` and `signs` of the checksums, or whoever writes the same.
#
#     release-signed.sh DIST MODULE@VERSION
#
# DIST has checksums.txt (lines of sha256sum), its signature, and the source archive that
# one of these lines names. Nothing is believed before its signature and its checksum are:
# keys of KEYS, as many as THRESHOLD, must have signed checksums.txt. The signatures may be
# sigstore bundles of cosign 3 (checksums.txt.*.json), base64 of cosign 2 or openssl
# (checksums.txt*.sig), or those of ssh-keygen. ATTEST is a secret key that then attests
# the version, as policy.require_signature may ask for.
set -eu
dist=$1 version=$2
: "${KEYS:?public keys of who may release: a file, or a folder of *.pub}"
gosync=${GOSYNC:-gosync} checksums=$dist/checksums.txt

set -- --key "$KEYS" --threshold "${THRESHOLD:-1}"
for signature in "$checksums"*.json "$checksums"*.sig; do
    [ ! -f "$signature" ] || set -- "$@" --signature "$signature"
done
"$gosync" key verify "$checksums" "$@"

archive=$(sed -n 's/^[0-9a-f]\{64\}  \*\{0,1\}\([A-Za-z0-9._+-]*\.tar\.gz\)$/\1/p' \
    "$checksums" | grep -i "${SOURCE:-source\|^[^_]*_[^_]*\.tar}" | head -n 1)
[ -n "$archive" ] || { echo "no source archive in $checksums; set SOURCE" >&2; exit 3; }
grep -F "  $archive" "$checksums" | (cd "$dist" && sha256sum --check --strict -)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xzf "$dist/$archive" -C "$work" --no-same-owner --no-same-permissions
folder=$work
[ -e "$work/go.mod" ] || folder=$(find "$work" -mindepth 1 -maxdepth 1 -type d)
release() { "$gosync" release "$folder" --as "$version"; }
if [ -n "${ATTEST:-}" ]; then
    release || [ $? -eq 3 ] # the policy may ask for the signature that comes next
    "$gosync" attest sign "$version" --key "$ATTEST"
fi
release
