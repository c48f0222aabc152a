#!/bin/sh
# Copies a published tree with rsync, so that the copy is whole at every moment: while
# this runs, while the tree is published meanwhile, and after a kill at any point.
#
#   mirror-rsync.sh rsync://mirror.example.com/go/ /srv/goproxy [RSYNC-OPTION...]
#
# A gosync that follows another one (upstream.follow) proves what it takes; this believes
# its source. What names other files (list, @latest, aliases, lookups, pages, the index)
# is fetched first and put in place last: files appear in a tree before their names, so
# what a name names is there when the files are fetched after it. Then names are fetched
# once more; one that changed in between is left for the next round, and nothing goes in
# this one. Else what rsync would delete goes, names before what they named.
#
# Exit codes: 0 done, 75 the source changes all the time, any other is rsync's. In each
# case the copy is whole.
set -eu

source=${1%/}/ copy=${2%/}
shift 2
work=$copy.rsync # beside the copy, on its disk
rounds=5

# Files that name others; tiles and the files of versions are none.
rules() {
    cat <<'RULES'
- /.gosync/
+ */
+ /sumdb/**/lookup/**
+ /sumdb/**/supported
+ /sumdb/**/404.txt
+ /sumdb/**/latest
+ /**/@v/list
+ /**/@v/[0-9a-f]*.info
+ /**/@v/index.html
+ /**/@latest
+ /*.html
+ /status.json
+ /modules/**
+ /index/**
+ /vulndb/index**
- *
RULES
}

fetch() { # fetch ARGUMENT...: run rsync; return 1 where files vanished, else end if it fails
    status=0
    rsync -rt --modify-window=-1 "$@" || status=$?
    case $status in 0) ;; 24) return 1 ;; *) exit "$status" ;; esac
}

names() { # names INTO [RSYNC-OPTION...]: fetch the names that the copy lacks or has else
    into=$1
    shift
    fetch -m --filter="merge $work/rules" --compare-dest="$copy" "$@" "$source" "$into/"
}

going() { # going INTO [RSYNC-OPTION...]: list what is in the copy and not in the source
    into=$1
    shift
    fetch -n8 --delete-after --existing --ignore-existing --itemize-changes \
        --exclude=/.gosync/ "$@" "$source" "$copy/" >"$work/out" || return 1
    sed -n 's/^\*deleting  *//p' "$work/out" >"$into"
}

place() { # place PATTERN: put the names that match in place, if they stayed as they were
    (cd "$work/first" && find . -type f -path "$1") | while IFS= read -r name; do
        if cmp -s "$work/first/$name" "$work/again/$name"; then
            mkdir -p "$copy/$(dirname "$name")"
            mv -f "$work/first/$name" "$copy/$name"
        fi
    done
}

remove() { # remove GREP-ARGUMENT...: remove what is going and matches
    grep -E "$@" "$work/going" | while IFS= read -r name; do
        case $name in
        */) rmdir "$copy/$name" 2>/dev/null || : ;;
        *) rm -f "$copy/$name" ;;
        esac
    done
}

changed() { # return whether any name changed since the first time it was fetched
    [ -n "$(find "$work/first" -type f)" ] && return 0
    (cd "$work/again" && find . -type f) | while IFS= read -r name; do
        cmp -s "$work/again/$name" "$copy/$name" || echo "$name"
    done >"$work/out"
    grep -vxF -f "$work/going" "$work/going-again" >>"$work/out" || :
    [ -s "$work/out" ]
}

round() { # round [RSYNC-OPTION...]: return 1 where the source changed meanwhile
    rm -rf "$work"
    mkdir -p "$work/first" "$work/again" "$copy"
    rules >"$work/rules"
    sed -n '/^- \//p; s/^+ \(.*[^/]\)$/- \1/p' "$work/rules" >"$work/others"
    names "$work/first" "$@" || return 1
    fetch --filter="merge $work/others" "$@" "$source" "$copy/" || return 1
    going "$work/going" "$@" || return 1
    names "$work/again" "$@" || return 1
    going "$work/going-again" --filter="merge $work/rules" "$@" || return 1
    place './sumdb/*/lookup/*'
    place './sumdb/*'
    place './*/@v/[0-9a-f]*.info'
    place './*/list'
    place './*'
    if changed; then return 1; fi
    remove '/@latest$'
    remove '/@v/list$'
    remove '/@v/[0-9a-f]+\.info$|\.html$|^index/|^modules/'
    remove '/@v/.*\.(info|zip)$'
    remove -v '/$'
    sort -r "$work/going" -o "$work/going"
    remove '/$'
}

while ! round "$@"; do
    rounds=$((rounds - 1))
    if [ "$rounds" -eq 0 ]; then
        echo "$source changes all the time; the copy is whole, and a little behind" >&2
        rm -rf "$work"
        exit 75
    fi
done
rm -rf "$work"
