#!/usr/bin/env bash
# Runs a command beside a Podman of its own, which SANDBOX_TEST_PODMAN names: a service of Podman's Docker API with the
# images that the tests use, taken from the Docker engine that setup.sh made ready.
#
#   sudo test/engine/with-podman.sh npx vitest run --project conformance -t '\[podman\]'
#
# Its storage, its settings and its socket are in a directory of their own that is removed at the end, so that neither
# a Podman of the machine nor Docker is touched. Needs root.
set -euo pipefail

main() {
  [ $# -gt 0 ] || fail 'expected the command to run beside Podman'
  [ "$(id -u)" -eq 0 ] || fail 'Podman with storage of its own needs root here: run this script as root'
  { command -v podman && command -v runc && command -v catatonit; } >/dev/null || install_podman
  root=$(mktemp -d "${TMPDIR:-/tmp}/sandbox-test-podman.XXXXXX")
  trap clean_up EXIT
  write_settings
  start_service
  load_images
  # Promised: where it does not answer after all the tests fail instead of skipping.
  SANDBOX_TEST_ENGINES=${SANDBOX_TEST_ENGINES:+$SANDBOX_TEST_ENGINES,}podman \
    SANDBOX_TEST_PODMAN=unix://$root/podman.sock "$@"
}

install_podman() {
  apt-get -qq -o DPkg::Lock::Timeout=300 update || true
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install \
    --no-install-recommends podman runc catatonit >/dev/null
}

# Without a service manager there is no systemd to ask for cgroups, and without journald events go to a file; crun
# refuses the hybrid hierarchy of cgroup v1; Debian's catatonit is not where Podman looks for an init.
write_settings() {
  cat >"$root/containers.conf" <<CONF
[engine]
runtime = "runc-here"
cgroup_manager = "cgroupfs"
init_path = "$(command -v catatonit)"
events_logger = "file"
[engine.runtimes]
runc-here = ["$root/runc-here"]
CONF
  write_runtime
  export CONTAINERS_CONF=$root/containers.conf
}

# Podman asks for as many files and processes as root may have elsewhere, which not every machine can give: for a
# container, and again for what is started in one. Its default_ulimits do not count for a container that asks for any
# limit itself.
write_runtime() {
  cat >"$root/runc-here" <<'RUNC'
#!/bin/sh
file= previous=
for word; do
  [ "$previous" != --bundle ] || file=$word/config.json
  [ "$previous" != --process ] || file=$word
  previous=$word
done
[ -z "$file" ] || sed -i -E \
  's/("type":"RLIMIT_(NOFILE|NPROC)","hard":)[0-9]+,"soft":[0-9]+/\11024,"soft":1024/g' "$file"
exec runc "$@"
RUNC
  chmod +x "$root/runc-here"
}

podman_here() {
  podman --root "$root/storage" --runroot "$root/run" --tmpdir "$root/tmp" \
    --network-config-dir "$root/networks" "$@"
}

# The socket is there before the service listens, so it is asked. Its monitors write into the directory that it was
# started in.
start_service() {
  env --chdir="$root" podman --root "$root/storage" --runroot "$root/run" --tmpdir "$root/tmp" \
    --network-config-dir "$root/networks" system service --time=0 "unix://$root/podman.sock" >"$root/log" 2>&1 </dev/null &
  service=$!
  local deadline=$((SECONDS + 30))
  until podman --remote --url "unix://$root/podman.sock" version >/dev/null 2>&1; do
    kill -0 "$service" 2>/dev/null && [ $SECONDS -lt $deadline ] || fail "no answer: $(tail -n 5 "$root/log")"
    sleep 0.2
  done
}

# By the names that Docker has them under. Podman would put localhost/ before them, which its Docker API finds as well.
load_images() {
  local images
  mapfile -t images < <(docker images --filter 'reference=sandbox-base' --format '{{.Repository}}:{{.Tag}}')
  [ ${#images[@]} -gt 0 ] || fail 'expected the image sandbox-base in Docker: run test/engine/setup.sh first'
  docker save "${images[@]}" debian:bookworm-slim | podman_here load --quiet
}

clean_up() {
  [ -z "${service:-}" ] || kill "$service" 2>/dev/null || true
  podman_here rm --all --force --time 0 >/dev/null 2>&1 || true
  podman_here system reset --force >/dev/null 2>&1 || true
  umount -R "$root/storage/overlay" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}

fail() {
  echo "with-podman: $*" >&2
  exit 1
}

main "$@"
