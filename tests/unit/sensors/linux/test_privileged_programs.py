"""Programs that give groups and capabilities: some that were made for it, and those of this machine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from javert.sensors.linux.privileged_programs import PrivilegedPrograms

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make such programs"),
]


@pytest.fixture
def program(tmp_path) -> Path:
    return Path(shutil.copy("/bin/true", tmp_path / "program"))


def found(program: Path) -> PrivilegedPrograms:
    return PrivilegedPrograms(everywhere=False, places=(str(program.parent),))


def test_a_set_group_id_program_gives_its_group(program):
    os.chown(program, 0, 50)
    program.chmod(0o2755)
    assert found(program).groups == {50: (str(program),)}


@pytest.mark.parametrize("mode", [0o0755, 0o2744, 0o2700, 0o2745])
def test_one_that_nobody_else_may_run_or_whose_bit_means_something_else_does_not(program, mode):
    """Without the group's execute bit the set-group-ID bit asks for mandatory locking (inode(7))."""
    program.chmod(mode)
    assert found(program).groups == {}


def test_capabilities_that_overrule_permissions_are_told(program):
    subprocess.run(["/usr/sbin/setcap", "cap_dac_override,cap_net_raw+ep", program], check=True)
    programs = found(program)
    assert programs.capable == {str(program): ("cap_dac_override",)}
    (limit,) = programs.limits()
    assert limit.code == "root-modules-capable-programs"
    assert limit.params == {"count": "1", "programs": f"{program} (cap_dac_override)"}
    subprocess.run(["/usr/sbin/setcap", "cap_net_raw+ep", program], check=True)
    assert found(program).capable == {}


def test_this_machine_as_find_and_getcap_see_it():
    programs = PrivilegedPrograms(everywhere=True)
    places = ["/usr/bin", "/usr/sbin", "/usr/games", "/usr/local", "/usr/lib", "/usr/libexec", "/opt"]
    there = [place for place in places if os.path.isdir(place)]
    tests = ["-type", "f", "-perm", "-2010", "-perm", "/0011"]
    done = subprocess.run(["find", *there, *tests], capture_output=True, text=True, check=False)
    assert {path for paths in programs.groups.values() for path in paths} == set(done.stdout.split())
    assert programs.complete
