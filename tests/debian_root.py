"""Debian systems of a suite in a directory, made by debootstrap(8) once and kept for later runs.

For tests that need another release than the machine's own, or a stock installation that they may change: lay an
overlay over the directory, or bind it, in a mount namespace of the test's own. The directory itself stays as it is.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(os.environ.get("JAVERT_TEST_CACHE", "/var/cache/javert-tests"))
KEPT_LOG = 20
"""Lines of output that an error shows."""


def debian_root(suite: str, packages: Sequence[str] = ()) -> Path:
    """A root directory with the packages of Debian's minimal base system, and others.

    Args:
        suite: "bookworm", "trixie" …
        packages: more packages, with what they depend on but without what they recommend. No service is started.

    Raises:
        RuntimeError: debootstrap or apt failed; the end of what it said.
    """
    named = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:8] if packages else "minbase"
    root = CACHE / f"{suite}-{named}"
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (CACHE / f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two that need it at once one waits for the other
        if not root.is_dir():
            _build(suite, packages, root)
    return root


def mirror() -> str:
    """Where this machine's own packages come from, as apt is configured.

    Raises:
        RuntimeError: apt knows no such place.
    """
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    codename = release["VERSION_CODENAME"].strip('"')
    command = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        site, suite, component = line.split()
        if (suite, component) == (codename, "main"):
            return site
    raise RuntimeError(f"apt has no source for {codename} main")


INSTALL = """
set -e
root=$1; shift
mount -t proc proc "$root/proc"
printf '#!/bin/sh\\nexit 101\\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp --remove-destination --dereference /etc/resolv.conf "$root/etc/resolv.conf"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
chroot "$root" apt-get -qq update
chroot "$root" apt-get -qq install -y --no-install-recommends "$@"
chroot "$root" apt-get clean
rm "$root/usr/sbin/policy-rc.d"
"""
"""Debian asks policy-rc.d before it starts a service. The devices are those that debootstrap made: what a package's
scripts do to them, as root, must not reach the machine's own."""


def _build(suite: str, packages: Sequence[str], root: Path) -> None:
    building = root.with_suffix(".building")
    shutil.rmtree(building, ignore_errors=True)
    try:
        if packages:
            subprocess.run(["cp", "--archive", debian_root(suite), building], check=True)
            _run("sh", "-c", INSTALL, "sh", building, *packages)
        else:
            _run("debootstrap", "--variant=minbase", suite, building, mirror())
            _run("chroot", building, "apt-get", "clean")
        building.rename(root)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _run(*command: str | Path) -> None:
    """What a command mounts goes with the mount namespace that it gets, also if it is ended halfway."""
    done = subprocess.run(
        ["unshare", "--mount", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = "\n".join(done.stdout.splitlines()[-KEPT_LOG:])
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{said}")
