#!/bin/sh
# Sets go up for this mirror of Go modules, and tries it.
#
#   curl -fsS ADDRESS/setup.sh | sh -s -- ADDRESS                  for you
#   curl -fsS ADDRESS/setup.sh | sh -s -- ADDRESS --machine        for all users
#   curl -fsS ADDRESS/setup.sh | sh -s -- ADDRESS --install DIR    with Go in DIR/go
#   sh setup.sh --undo [--machine]                                 as it was before
#
# ADDRESS is where this script was fetched, without /setup.sh; it may be left out where
# the mirror says it itself (publish.url).
set -eu

say() { printf '%s\n' "$*"; }
die() { printf 'setup.sh: %s\n' "$*" >&2; exit 1; }

fetch() { # URL FILE
    if command -v curl >/dev/null; then curl -fsS -o "$2" "$1"
    elif command -v wget >/dev/null; then wget -q -O "$2" "$1"
    else die "needs curl or wget"; fi
}

sha256() { # FILE
    if command -v sha256sum >/dev/null; then sha256sum "$1"
    elif command -v shasum >/dev/null; then shasum -a 256 "$1"
    else openssl dgst -sha256 -r "$1"; fi | cut -c1-64
}

platform() {
    case "$(uname -s)" in
        Linux) os=linux ;; Darwin) os=darwin ;; FreeBSD) os=freebsd ;;
        OpenBSD) os=openbsd ;; NetBSD) os=netbsd ;;
        *) die "no archive is known for $(uname -s)" ;;
    esac
    case "$(uname -m)" in
        x86_64|amd64) arch=amd64 ;; aarch64|arm64) arch=arm64 ;;
        i?86) arch=386 ;; armv*) arch=arm ;; loongarch64) arch=loong64 ;;
        *) arch=$(uname -m) ;;
    esac
    printf '%s-%s' "$os" "$arch"
}

install_go() { # ADDRESS DIR
    [ ! -e "$2/go" ] || die "$2/go is there already; name another folder"
    wanted=$(platform)
    fetch "$1/dl/SHA256SUMS" "$scratch/sums" || die "$1/dl/ has no archives of Go"
    line=$(grep "[.]$wanted[.]tar[.]gz\$" "$scratch/sums" | grep -v 'rc\|beta' \
        | head -n 1)
    [ -n "$line" ] || die "$1/dl/ has no archive of Go for $wanted"
    file=${line#*  }
    say "fetching $file"
    fetch "$1/dl/$file" "$scratch/go.tar.gz" || die "cannot fetch $1/dl/$file"
    [ "$(sha256 "$scratch/go.tar.gz")" = "${line%%  *}" ] || die "$file is damaged"
    mkdir -p "$2"
    tar -xzf "$scratch/go.tar.gz" -C "$2"
    PATH=$2/go/bin:$PATH
    say "Go is in $2/go; put $2/go/bin into PATH"
}

go_file() { # the file that is changed
    if [ "$machine" = yes ]; then printf '%s/go.env' "$(go env GOROOT)"
    else env -u GOENV go env GOENV; fi
}

# What was changed is noted beside the file: for each variable "set NAME=VALUE", and what
# that replaced, "was NAME=VALUE" or "was NAME". The whole file is kept as well, so that
# it comes back as it was where nobody changed it since.

line_of() { # NAME FILE: its line there, nothing for none
    if [ -e "$2" ]; then grep "^$1=" "$2" | tail -n 1; fi
}

noted() { # set|was NAME
    if [ ! -e "$record" ]; then return; fi
    sed -n "s/^$1 \($2=.*\)\$/\1/p; s/^$1 \($2\)\$/\1/p" "$record"
}

keep() { # notes that nothing is changed yet; with what is there, on a first run
    if [ -e "$record" ]; then cp -p "$record" "$scratch/noted"; return; fi
    mkdir -p "$(dirname "$file")" && : >"$record" || die "cannot write beside $file"
    if [ -e "$file" ]; then cp -p "$file" "$file.before-setup"; fi
}

note() { # NAME=VALUE: what is about to be set, and what it replaces
    name=${1%%=*}
    there=$(line_of "$name" "$file")
    if [ -n "$there" ] && [ "$there" = "$(noted set "$name")" ]
    then was=$(noted was "$name")
    else was=${there:-$name}; fi
    grep -v "^[a-z]* $name\(=.*\)\{0,1\}\$" "$record" >"$scratch/notes" || :
    printf 'was %s\nset %s\n' "$was" "$1" >>"$scratch/notes"
    cp "$scratch/notes" "$record"
}

restore() { # what was there before this run
    if [ ! -e "$scratch/now" ]; then rm -f "$file"
    elif ! cmp -s "$scratch/now" "$file"; then cp -p "$scratch/now" "$file"; fi
    if [ -e "$scratch/noted" ]; then cp -p "$scratch/noted" "$record"
    else rm -f "$record" "$file.before-setup"; fi
}

undo() { # puts back what is still ours; what was set since stays
    [ -e "$record" ] || die "$file: nothing was set up here"
    if [ -e "$file" ]; then cp "$file" "$scratch/left"; else : >"$scratch/left"; fi
    for name in $(sed -n 's/^set \([A-Z0-9]*\)=.*/\1/p' "$record"); do
        there=$(line_of "$name" "$scratch/left") was=$(noted was "$name")
        if [ "$there" != "$(noted set "$name")" ]; then
            say "note: $name was changed since, and stays"
            continue
        fi
        grep -v "^$name=" "$scratch/left" >"$scratch/less" || :
        if [ "$was" != "$name" ]; then printf '%s\n' "$was" >>"$scratch/less"; fi
        mv "$scratch/less" "$scratch/left"
    done
    put_back
    rm -f "$record" "$file.before-setup"
    say "$file has its old settings"
}

put_back() { # the settings that are left, in their old order where nothing else changed
    if [ -e "$file.before-setup" ]; then sort "$file.before-setup" >"$scratch/a"; fi
    sort "$scratch/left" >"$scratch/b"
    if [ -e "$scratch/a" ] && cmp -s "$scratch/a" "$scratch/b"
    then cp -p "$file.before-setup" "$file"
    elif [ -s "$scratch/left" ] || [ -e "$scratch/a" ]; then cp "$scratch/left" "$file"
    else rm -f "$file"; fi
}

ours() { # COMMAND...: without variables of this shell, which count more than the file
    env -u GOPROXY -u GOSUMDB -u GOTOOLCHAIN -u GONOSUMDB -u GONOSUMCHECK -u GOPRIVATE \
        -u GONOPROXY -u GOFLAGS -u GOINSECURE GOENV="$file" "$@"
}

set_up() { # ADDRESS
    if [ -e "$file" ]; then cp -p "$file" "$scratch/now"; fi
    keep
    for each in "GOPROXY=$1" @VARIABLES@; do
        case "$each" in GOTOOLCHAIN=*)
            [ -n "$(ours go env GOTOOLCHAIN)" ] || continue ;; # before Go 1.21
        esac
        note "$each"
        ours go env -w "$each" || { restore; die "go cannot write $file"; }
    done
    [ -z @PROBE@ ] || try_one "$1"
    for name in GOPROXY GOSUMDB GOTOOLCHAIN GONOSUMDB GOPRIVATE GOFLAGS; do
        eval "value=\${$name-}"
        [ -z "$value" ] || say "note: $name is set in this shell, which counts more:" \
            "unset $name"
    done
    say "go uses $1 now; sh setup.sh --undo brings the old settings back"
}

try_one() { # ADDRESS
    say "trying it: go mod download" @PROBE@
    if (cd "$scratch" && ours GOPATH="$scratch/gopath" GOMODCACHE="$scratch/cache" \
        GOFLAGS=-modcacherw go mod download @PROBE@) 2>"$scratch/said"; then return; fi
    cat "$scratch/said" >&2
    restore
    die "$1 does not work from here; $file is as it was"
}

main() {
    address=@ADDRESS@ machine=no into='' action=set first=no
    while [ $# -gt 0 ]; do
        case "$1" in
            --undo) action=undo ;;
            --machine) machine=yes ;;
            --install) [ $# -gt 1 ] || die "--install needs a folder"
                case "$2" in /*) into=$2 ;; *) into=$PWD/$2 ;; esac
                shift ;;
            -*) die "no option $1" ;;
            *) address=$1 ;;
        esac
        shift
    done
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    cd "$scratch" # no go.mod of this folder has a say
    address=${address%/}
    if [ "$action" = set ]; then
        case "$address" in
            http://*|https://*|file://*) ;;
            *) die "name the mirror's address: sh setup.sh https://HOST/PATH" ;;
        esac
    fi
    [ -z "$into" ] || install_go "$address" "$into"
    command -v go >/dev/null || die "there is no go here; --install DIR brings one"
    file=$(go_file)
    [ -n "$file" ] && [ "$file" != off ] || die "go keeps no settings: GOENV=$file"
    [ ! -d "$file" ] || die "$file is a folder: go cannot write it"
    record=$file.set-by-setup
    if [ "$action" = undo ]; then undo; else set_up "$address"; fi
}

main "$@"
