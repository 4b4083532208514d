"""Libraries that root loaded, for long, for a moment, through dlopen(3), or before it became another program."""

import pytest


@pytest.fixture
def modules(findings, programs):
    """The attributes of findings about the scenario's libraries, by name."""
    found = [one["attributes"] for one in findings("root-process-insecure-permissions")]
    return {one["path"].removeprefix(f"{programs}/"): one for one in found}


def test_a_library_of_another_user_in_a_root_process_that_stays(modules, programs, scenario, careless):
    found = modules["libowned.so"]
    (process,) = found["processes"]
    assert (process["pid"], process["user"]) == (scenario.resident, "root")
    assert process["exe"] == str(programs / "loader")
    assert found["kind"] == "shared-object"
    (way,) = found["ways"]
    assert (way["path"], way["reason"]) == (str(programs / "libowned.so"), "owner")
    assert way["principals"] == [f"user:{careless.name}"]


def test_a_library_that_everybody_can_write_in_a_root_process_that_lived_for_a_moment(modules, programs):
    found = modules["libbrief.so"]
    (process,) = found["processes"]
    assert (process["exe"], process["user"]) == (str(programs / "brief"), "root")
    (way,) = found["ways"]
    assert (way["reason"], way["principals"]) == ("mode-other", ["others"])


def test_a_library_that_a_group_can_write_loaded_with_dlopen_just_before_the_end(modules, programs, careless):
    found = modules["libgroup.so"]
    (process,) = found["processes"]
    assert (process["exe"], process["user"]) == (str(programs / "loader"), "root")
    (way,) = found["ways"]
    assert (way["reason"], way["principals"]) == ("mode-group", [f"group:{careless.name}"])


def test_a_library_in_a_directory_of_another_user_loaded_just_before_exec(modules, programs, careless):
    found = modules["open/libdirectory.so"]
    (way,) = found["ways"]
    assert (way["path"], way["reason"]) == (str(programs / "open"), "directory")
    assert way["principals"] == [f"user:{careless.name}"]


def test_the_program_that_loaded_it_is_named_and_not_the_one_it_became(modules, programs):
    (process,) = modules["open/libdirectory.so"]["processes"]
    assert process["exe"] == str(programs / "loader"), "true(1) never loaded the library"


def test_the_way_is_that_of_the_mount_namespace_of_the_process(modules, programs, careless):
    """Root's own directory, over which the process sees one of another user."""
    found = modules["mine/libmounted.so"]
    (way,) = found["ways"]
    assert (way["path"], way["reason"]) == (str(programs / "mine"), "directory")
    assert way["principals"] == [f"user:{careless.name}"]


def test_these_are_all(modules):
    """Neither what root alone can change, nor the library of a user that only this user's process has loaded.

    Nor a library in a directory of another user over which the process sees one of root's.
    """
    assert set(modules) == {
        *("libowned.so", "libbrief.so", "libgroup.so", "open/libdirectory.so"),
        "mine/libmounted.so",
    }
