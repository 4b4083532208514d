"""``dpkg --search`` over the software of this host."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from javert.sensors.linux.packages.dpkg import DpkgDatabase
from javert.sensors.linux.packages.owners import aliases, merged_directories

pytestmark = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="needs dpkg")


def test_dpkg_names_the_same_owners_under_every_alias():
    links = merged_directories("/")
    files = [
        str(path)
        for place in ("/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu")
        for path in sorted(Path(place).iterdir())
        if path.is_file() and not path.is_symlink()
    ][::5]
    assert len(files) > 100
    names = [name for path in files for name in aliases(path, links)]
    output = subprocess.run(
        ["dpkg-query", "--search", *names],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout
    theirs = {}
    for line in output.splitlines():
        owners, _, name = line.rpartition(": ")
        if not line.startswith("diversion by"):
            theirs.setdefault(name, set()).update(owner.partition(":")[0] for owner in owners.split(", "))
    ours = DpkgDatabase().owners(names)
    diverted = {os.fsdecode(line) for line in Path("/var/lib/dpkg/diversions").read_bytes().split(b"\n")}
    assert len(theirs) > 100
    for name in names:
        if name in diverted:
            continue  # dpkg --search lists a contested path for everyone who ever shipped it
        assert (ours[name].name if name in ours else None) in theirs.get(name, {None}), name
