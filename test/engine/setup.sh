#!/usr/bin/env bash
# Makes this Debian machine ready for the tests that need a real Docker engine:
#
#   1. installs what is missing of the packages that the tests use
#   2. takes the Docker engine that answers, or installs and starts one (it goes on running afterwards)
#   3. makes the image debian:bookworm-slim available: pulled or, where no registry can be reached,
#      made with debootstrap from the Debian mirror that the machine's apt uses
#   4. builds the images of the profiles that the tests use: base and builder, and with
#      SANDBOX_TEST_PROFILES=all the large ones, too
#   5. registers gVisor with that engine, where its package can be had, for the tests of --runtime
#
# Needs root only for what has to be installed, started or debootstrapped. What is there already stays
# as it is, so a second call takes a few seconds.
set -euo pipefail
umask 022 # the files of the base image are made here and must be readable for every user in it
PATH=$PATH:/usr/sbin:/sbin

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
base_image=debian:bookworm-slim
engine_log=${TMPDIR:-/tmp}/sandbox-test-dockerd.log

main() {
  temporary=$(mktemp -d "${TMPDIR:-/tmp}/sandbox-test-setup.XXXXXX")
  trap 'rm -rf --one-file-system "$temporary"' EXIT

  # For the simulation engine, for minimal images, for pulling by TLS, for fetching a source package, for building it
  # without an engine, for completion.
  install_packages bubblewrap busybox-static ca-certificates dpkg-dev fish gcc libc6-dev make zsh
  provide_engine
  provide_base_image
  build_profiles
  provide_gvisor
}

# --- packages

install_packages() {
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  is_root || fail "missing packages: ${missing[*]}; run this script as root or install them first"

  update_package_lists
  logged "installing ${missing[*]}" env DEBIAN_FRONTEND=noninteractive apt-get \
    -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install --no-install-recommends "${missing[@]}"
}

is_installed() {
  # shellcheck disable=SC2016 # dpkg fills the variable in
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Its failure is not the end: an archive that nothing here comes from may be the one out of reach.
update_package_lists() {
  [ -z "${lists_are_fresh:-}" ] || return 0
  lists_are_fresh=yes
  say 'updating the package lists'
  apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update || say 'apt-get update had failures'
}

# --- engine

provide_engine() {
  engine_answers || start_own_engine
  say "engine: Docker $(docker version --format '{{.Server.Version}}')"
}

# Bounded, because a frozen engine never answers.
engine_answers() {
  timeout 15 docker version >"$temporary/docker-version" 2>&1
}

start_own_engine() {
  [ -z "${DOCKER_HOST:-}" ] || fail "no engine answers at DOCKER_HOST=$DOCKER_HOST"
  is_root || fail "no Docker engine answers: $(tail -n 1 "$temporary/docker-version"); run this script as root to start one"

  # Asked for as a program: the package may be another archive's, with another name.
  command -v dockerd >/dev/null || install_packages docker.io iptables
  # Where a service manager runs, the package has started the engine.
  engine_answers && return 0

  # After an unclean end the first start can fail where the second one works.
  start_engine || start_engine || {
    tail -n 30 "$engine_log" >&2
    fail "dockerd does not start; its log is $engine_log"
  }
}

start_engine() {
  say "starting dockerd, log: $engine_log"
  remove_stale_pid_file /var/run/docker.pid dockerd
  remove_stale_pid_file /var/run/docker/containerd/containerd.pid containerd
  # In a session of its own, so that it outlives this script and whoever called it.
  setsid dockerd </dev/null >"$engine_log" 2>&1 &
  local pid=$! deadline=$((SECONDS + 60))
  while [ $SECONDS -lt $deadline ]; do
    engine_answers && return 0
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.2
  done
  kill "$pid"
  wait "$pid" || true
  return 1
}

# By name too: the number may belong to another process by now.
remove_stale_pid_file() {
  local file=$1 program=$2
  [ -f "$file" ] || return 0
  [ "$(cat "/proc/$(cat "$file")/comm" 2>/dev/null)" = "$program" ] || rm -f "$file"
}

# --- images

provide_base_image() {
  if docker image inspect "$base_image" >/dev/null 2>&1; then
    say "image: $base_image is there"
  elif timeout 180 docker pull --quiet "$base_image" >"$temporary/pull" 2>&1; then
    say "image: $base_image pulled"
  else
    say "image: $base_image cannot be pulled: $(tail -n 1 "$temporary/pull")"
    import_base_image
  fi
}

import_base_image() {
  is_root || fail "only root can make $base_image with debootstrap; run this script as root"
  install_packages debootstrap
  local mirror root=$temporary/root
  mirror=$(debian_mirror)
  if [ -z "$mirror" ]; then
    update_package_lists
    mirror=$(debian_mirror)
  fi
  [ -n "$mirror" ] || fail 'apt names no Debian mirror to debootstrap from'

  logged "debootstrap of $base_image" debootstrap --variant=minbase bookworm "$root" "$mirror"
  # As in the published image: no downloads, no manuals, nothing of this machine.
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/etc/{hostname,resolv.conf}
  printf 'path-exclude /usr/share/%s/*\n' doc groff info locale man >"$root/etc/dpkg/dpkg.cfg.d/slim"
  # But what its administrator trusts: a proxy that looks into TLS stands before the builds, too.
  mkdir -p "$root/usr/local/share/ca-certificates"
  find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$root/usr/local/share/ca-certificates" \; 2>/dev/null || true
  tar -C "$root" --numeric-owner -c . | docker import --change 'CMD ["bash"]' - "$base_image" >/dev/null
  rm -rf --one-file-system "$root"
}

# What apt itself makes of its sources, whether they are in sources.list or in *.sources files.
debian_mirror() {
  # shellcheck disable=SC2016 # apt fills the variable in
  apt-get indextargets --format '$(REPO_URI)' \
    'Origin: Debian' 'Label: Debian' 'Component: main' 'Created-By: Packages' | sed -n 1p
}

# By the program itself, which leaves alone what is there. Neither argument is part of what it builds.
build_profiles() {
  local profiles=(base builder) profile
  [ "${SANDBOX_TEST_PROFILES:-}" != all ] || profiles+=(tester deployer researcher docker-host)
  [ -d "$repository/node_modules" ] || logged 'npm ci' npm --prefix "$repository" ci
  logged 'building the program' env --chdir="$repository" node scripts/build.mjs
  for profile in "${profiles[@]}"; do
    logged "image: profile $profile" "$repository/bin/sandbox.js" image build "$profile" \
      --workspace "$temporary" --engine docker \
      --build-arg "NPM_CONFIG_REGISTRY=$(npm config get registry)" \
      --build-arg NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
  done
}

# --- runtimes

# Real gVisor under a name that does not say so, and runc under one that lies, besides the usual name.
# Its ptrace platform works on machines without KVM; without a network of its own it needs no raw sockets.
provide_gvisor() {
  local daemon_json=/etc/docker/daemon.json pid_file=/var/run/docker.pid runsc gvisor changed=0
  if engine_knows sandbox-test-gvisor && engine_knows sandbox-test-runsc; then
    say 'runtimes: gVisor is registered'
    return 0
  fi
  is_root && [ -f "$pid_file" ] || { say 'runtimes: gVisor is left out, only root can register it with a local engine'; return 0; }
  can_install_runsc || { say 'runtimes: gVisor is left out, there is no package runsc'; return 0; }
  runsc=$(command -v runsc)
  gvisor="{\"path\": \"$runsc\", \"runtimeArgs\": [\"--network=none\", \"--platform=ptrace\"]}"
  node "$repository/test/engine/register-runtimes.mjs" "$daemon_json" "{
    \"runsc\": $gvisor, \"sandbox-test-gvisor\": $gvisor, \"sandbox-test-runsc\": {\"path\": \"runc\"}
  }" || changed=$?
  [ $changed -eq 0 ] || [ $changed -eq 3 ] || fail "$daemon_json cannot be extended"
  # The engine reads that file again without ending what runs.
  kill -HUP "$(cat "$pid_file")"
  wait_for_runtimes
}

engine_knows() {
  docker info --format '{{range $name, $_ := .Runtimes}}{{println $name}}{{end}}' | grep -qxF -- "$1"
}

can_install_runsc() {
  command -v runsc >/dev/null && return 0
  update_package_lists
  apt-cache show runsc >/dev/null 2>&1 || return 1
  install_packages runsc
}

wait_for_runtimes() {
  local deadline=$((SECONDS + 15))
  until engine_knows sandbox-test-gvisor && engine_knows sandbox-test-runsc; do
    [ $SECONDS -lt $deadline ] || { say 'runtimes: the engine did not take gVisor up'; return 0; }
    sleep 0.2
  done
  say 'runtimes: gVisor registered'
}

# --- telling

# logged TITLE COMMAND…: the command's output is shown only where it fails. For programs, not for the
# functions of this script: bash would not stop inside them at an error.
logged() {
  say "$1"
  "${@:2}" </dev/null >"$temporary/log" 2>&1 || {
    tail -n 30 "$temporary/log" >&2
    fail "$1 failed"
  }
}

is_root() {
  [ "$(id -u)" -eq 0 ]
}

say() {
  echo "setup: $*"
}

fail() {
  echo "setup: $*" >&2
  exit 1
}

main "$@"
