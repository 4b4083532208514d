"""A program and a library with executable stacks, among others without."""

import pytest


@pytest.fixture
def without_dep(findings, programs):
    """The attributes of findings about the scenario's programs, by name."""
    found = [one["attributes"] for one in findings("software-without-dep")]
    return {one["path"].removeprefix(f"{programs}/"): one for one in found}


def test_a_program_that_runs_with_an_executable_stack(without_dep, scenario):
    found = without_dep["executable-stack"]
    assert found["reasons"] == ["stack-executable"]
    assert (found["kind"], found["machine"], found["bits"]) == ("executable", "x86-64", 64)
    assert (found["origin"], found["package"]) == ("unpackaged", "")
    assert found["running_pids"] == [scenario.on_the_stack]
    assert found["kernel_makes_stack_executable"] is True


def test_a_library_with_an_executable_stack(without_dep):
    found = without_dep["libstack.so"]
    assert (found["reasons"], found["kind"]) == (["stack-executable"], "shared-object")
    assert found["running_pids"] == []
    assert found["loadable_by_glibc"] is False, "glibc 2.41 and later refuse it"


def test_what_the_compiler_makes_by_default_is_no_finding(without_dep):
    assert set(without_dep) == {"executable-stack", "libstack.so"}
