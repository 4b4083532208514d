"""Package databases are files like others: whatever they hold, the answer is packages, or nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.no_execute import no_execute_off
from javert.model.telemetry import Package
from javert.sensors.linux.packages.distribution import distribution
from javert.sensors.linux.packages.dpkg import DpkgDatabase, _apt_cache, _archive_origins
from javert.sensors.linux.packages.language_trees import language_package

PATHS = ("/usr/bin/tool", "/usr/bin/other", "/moved")
DPKG = b"""Package: tool
Status: install ok installed
Version: 1
 continued
Maintainer: x
Package:
/usr/bin/tool
/usr/bin/other
/moved
:
tool
"""
OS_RELEASE = b'ID=debian\nID="\n=\n'
pieces = st.sampled_from([*DPKG.split(b"\n"), *OS_RELEASE.split(b"\n"), b"\xff\xfe"])
damaged = st.one_of(st.lists(pieces, max_size=15).map(b"\n".join), st.binary(max_size=200))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    top = tmp_path_factory.mktemp("system")
    (top / "var/lib/dpkg/info").mkdir(parents=True)
    (top / "etc").mkdir()
    (top / "lib/site-packages/tool-1.dist-info").mkdir(parents=True)
    (top / "node_modules/tool").mkdir(parents=True)
    return top


@given(status=damaged, diversions=damaged, listed=damaged, release=damaged)
def test_dpkg_claims_only_what_was_asked(root, status, diversions, listed, release):
    (root / "var/lib/dpkg/status").write_bytes(status)
    (root / "var/lib/dpkg/diversions").write_bytes(diversions)
    (root / "var/lib/dpkg/info/tool.list").write_bytes(listed)
    (root / "etc/os-release").write_bytes(release)
    found = DpkgDatabase(str(root)).owners(PATHS)
    assert set(found) <= set(PATHS)
    assert {package.name for package in found.values()} <= {"tool"}
    assert not found or any(line.startswith(b"/") for line in listed.split(b"\n"))
    assert isinstance(distribution(str(root)).ids, tuple)


@given(contents=damaged | st.just(b'{"version": {"a": 1}}') | st.just(b"core.so,"))
def test_language_trees_name_at_most_their_own_package(root, contents):
    (root / "lib/site-packages/tool-1.dist-info/RECORD").write_bytes(contents)
    (root / "node_modules/tool/package.json").write_bytes(contents)
    for path in (f"{root}/lib/site-packages/core.so", f"{root}/node_modules/tool/core.node"):
        package = language_package(path, path)
        assert package is None or (isinstance(package, Package) and package.name == "tool")


policy_lines = st.sampled_from(["release o=", "release a=x", "500 x", " ", "o=Debian", "release o=Debian,a=b"])


@given(st.text(max_size=200) | st.lists(policy_lines).map("\n".join))
def test_apts_policy_gives_origins_or_nothing(policy):
    assert all(isinstance(origin, str) for origin in _archive_origins(policy).values())


@given(cpuinfo=st.binary(max_size=200), cmdline=st.binary(max_size=100), kernel=st.text(max_size=12))
def test_processors_and_command_lines_give_a_cause_or_none(cpuinfo, cmdline, kernel):
    for architecture in ("x86_64", "aarch64", "s390x"):
        cause = no_execute_off(architecture=architecture, kernel=kernel, cpuinfo=cpuinfo, cmdline=cmdline)
        assert cause in ("", "processor", "noexec=off")


def test_the_apt_of_this_host_is_understood():
    if not Path("/usr/bin/apt-cache").exists():
        pytest.skip("needs apt")
    origins = set(_archive_origins(_apt_cache("policy")).values())
    lists = list(Path("/var/lib/apt/lists").glob("*_Packages*"))
    assert bool(origins) == bool(lists)
