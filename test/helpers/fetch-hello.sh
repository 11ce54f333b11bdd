#!/usr/bin/env bash
# Usage: fetch-hello.sh DIR
#
# Unpacks the source of GNU hello (Debian's source package) into DIR, a new or an empty directory, so
# that DIR/configure is there. The tests build it as an example of a real task.
#
# Needs no root, no deb-src entry and changes nothing of the machine's apt: it asks the Debian mirror
# that apt knows already, with an apt state of its own. apt checks the archive's signature and with it
# every file; dpkg-source checks the files again against their description. The download is kept in
# ${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-run-tests, so that a second call needs no network.
set -euo pipefail

# The release of the image the source is built in: the version is the same on every machine.
release=bookworm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-run-tests/hello-$release

main() {
  [ $# -eq 1 ] || fail 'usage: fetch-hello.sh DIR'
  local directory=$1
  [ -z "$(ls -A "$directory" 2>/dev/null)" ] || fail "$directory is not empty"
  mkdir -p "${cache%/*}"
  temporary=$(mktemp -d "${cache%/*}/temporary.XXXXXX")
  trap 'rm -rf "$temporary"' EXIT

  [ -d "$cache" ] || download
  unpack "$directory"
}

# The finished directory is renamed into the cache: nobody sees half a download, and of two that
# download at the same time one wins.
download() {
  local mirror
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || fail 'apt knows no Debian mirror; run apt-get update as root first'
  mkdir -p "$temporary"/{state,cache,files}
  echo "deb-src [signed-by=$keyring] $mirror $release main" >"$temporary/sources.list"

  private_apt update
  (cd "$temporary/files" && private_apt source --download-only hello)
  mv -T "$temporary/files" "$cache" 2>/dev/null || [ -d "$cache" ]
}

# What apt itself makes of the machine's sources, whichever way they are written down.
debian_mirror() {
  # shellcheck disable=SC2016 # apt fills the variable in
  apt-get indextargets --format '$(REPO_URI)' \
    'Origin: Debian' 'Label: Debian' 'Component: main' 'Created-By: Packages' | sed -n 1p
}

# Without a change of user: apt's own user cannot enter our temporary directory.
private_apt() {
  local log=$temporary/log
  apt-get -qq -o Dir::State="$temporary/state" -o Dir::Cache="$temporary/cache" \
    -o Dir::Etc::sourcelist="$temporary/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User= \
    "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "apt-get $* failed"
  }
}

# dpkg-source wants to make its directory itself, so the files are moved from there. It warns about
# the maintainer's signature, whose keys few machines have: apt has checked the archive's instead.
unpack() {
  local log=$temporary/log
  dpkg-source --no-copy -x "$cache"/hello_*.dsc "$temporary/source" >"$log" 2>&1 || {
    cat "$log" >&2
    fail "dpkg-source failed; if the download is damaged, remove $cache"
  }
  mkdir -p "$1"
  cp -a "$temporary/source/." "$1"
}

fail() {
  echo "fetch-hello.sh: $*" >&2
  exit 1
}

main "$@"
