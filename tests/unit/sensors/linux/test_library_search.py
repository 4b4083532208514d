"""Where real programs have the loader look; the loader itself (LD_DEBUG=libs) is asked where it looked."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from javert.model.telemetry import LibrarySearch, Limitation
from javert.sensors.linux.library_search import LibrarySearcher
from javert.sensors.linux.permissions import PathWalker

NAMESPACE = 4026531841


@pytest.fixture
def place() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="javert-test-"))
    yield made
    shutil.rmtree(made)


def program(place: Path, *options: str) -> Path:
    made = place / "bin" / "program"
    made.parent.mkdir(exist_ok=True)
    shutil.copy("/bin/sleep", made)
    subprocess.run(["patchelf", *options, made], check=True)
    return made


def search(path: Path | str) -> tuple[list[LibrarySearch], list[Limitation]]:
    records = []
    searcher = LibrarySearcher(records.append, PathWalker(records.append))
    for _ in range(2):  # the second look must tell nothing more
        searcher.look_at(mount_namespace=NAMESPACE, root="/", path=str(path))
    return (
        [record for record in records if isinstance(record, LibrarySearch)],
        [record for record in records if isinstance(record, Limitation)],
    )


def looked_at(path: Path) -> list[tuple[str, str]]:
    (found,), limits = search(path)
    assert limits == []
    assert found.path == str(path)
    return [(file.path, file.by) for file in found.files if file.by != "interpreter"]


@pytest.mark.parametrize(("options", "by"), [((), "runpath"), (("--force-rpath",), "rpath")])
def test_directories_are_looked_at_until_the_library_is_found(place, options, by):
    made = program(place, *options, "--set-rpath", f"{place}/none:$ORIGIN/../lib:{place}/late")
    assert looked_at(made) == [
        (f"{place}/none/libc.so.6", by),
        (f"{place}/bin/../lib/libc.so.6", by),
        (f"{place}/late/libc.so.6", by),
    ]
    (place / "lib").mkdir()
    (place / "lib" / "libc.so.6").symlink_to(os.path.realpath("/lib/x86_64-linux-gnu/libc.so.6"))
    assert looked_at(made) == [(f"{place}/none/libc.so.6", by), (f"{place}/bin/../lib/libc.so.6", by)]


@pytest.mark.parametrize("below", ["", "glibc-hwcaps/x86-64-v2", "tls/haswell/x86_64", "haswell"])
def test_the_loader_looks_there_too(place, below):
    """Also in those of its subdirectories for kinds of processors that exist; in the others nobody can plant."""
    made = program(place, "--set-rpath", f"{place}/none:$ORIGIN/../lib:{place}/$LIB/x:{place}/${{PLATFORM}}")
    (place / "lib" / below).mkdir(parents=True)
    shutil.copy(os.path.realpath("/lib/x86_64-linux-gnu/libc.so.6"), place / "lib" / "libc.so.6")
    done = subprocess.run([made, "0"], env={"LD_DEBUG": "libs"}, stderr=subprocess.PIPE, text=True, check=True)
    tried = re.findall(r"trying file=(\S+)", done.stderr)
    existing = [path for path in tried if os.path.isdir(os.path.dirname(path))]
    assert set(existing) <= {path for path, _by in looked_at(made)}
    assert [path for path, _by in looked_at(made) if os.path.isdir(os.path.dirname(path))][-1] == existing[-1]


def test_a_subdirectory_for_a_kind_of_processor_is_looked_at_first(place):
    made = program(place, "--set-rpath", f"{place}/lib")
    (place / "lib" / "glibc-hwcaps" / "x86-64-v3").mkdir(parents=True)
    (place / "lib" / "other").mkdir()
    assert looked_at(made) == [
        (f"{place}/lib/glibc-hwcaps/x86-64-v3/libc.so.6", "runpath"),
        (f"{place}/lib/glibc-hwcaps/libc.so.6", "runpath"),
        (f"{place}/lib/libc.so.6", "runpath"),
    ]


def test_tokens_are_replaced_as_the_loader_replaces_them(place):
    made = program(place, "--set-rpath", f"{place}/$LIB/x:{place}/$ORIGINAL:{place}/${{PLATFORM}}")
    assert [path for path, _by in looked_at(made)] == [
        f"{place}/lib/x86_64-linux-gnu/x/libc.so.6",
        f"{place}/$ORIGINAL/libc.so.6",
        *(f"{place}/{platform}/libc.so.6" for platform in ("x86_64", "haswell", "xeon_phi")),
    ]


def test_relative_directories_cannot_be_judged(place):
    made = program(place, "--set-rpath", f"lib::{place}/lib")
    (found,), (limit,) = search(made)
    assert [file.path for file in found.files if file.by == "runpath"] == [f"{place}/lib/libc.so.6"]
    assert (limit.code, limit.scope) == ("root-modules-relative-search", str(made))
    assert limit.params["directories"] == "lib, ."


def test_the_way_to_a_missing_directory_ends_where_it_is_missing(place):
    made = program(place, "--set-rpath", f"{place}/none/deeper")
    (found,), _limits = search(made)
    (file,) = [file for file in found.files if file.by == "runpath"]
    assert file.way[-1] == f"{place}/none"


def test_the_name_of_the_interpreter_is_a_way_to_it():
    (found,), _limits = search(os.path.realpath("/bin/sh"))
    (file,) = found.files
    assert file.by == "interpreter"
    assert file.path.startswith("/lib")
    assert file.way[-1] == os.path.realpath(file.path)


def test_the_loader_itself_reads_its_configuration():
    (found,), _limits = search(os.path.realpath("/lib64/ld-linux-x86-64.so.2"))
    assert [(file.path, file.by) for file in found.files] == [
        ("/etc/ld.so.preload", "preload"),
        ("/etc/ld.so.cache", "cache"),
    ]


def test_a_library_without_a_search_path_tells_nothing():
    assert search(os.path.realpath("/lib/x86_64-linux-gnu/libm.so.6")) == ([], [])


def test_a_damaged_object_is_a_limitation_and_what_is_none_or_missing_is_not(place):
    (place / "cut").write_bytes(Path("/bin/sh").read_bytes()[:99])
    _found, (limit,) = search(place / "cut")
    assert (limit.code, limit.scope) == ("root-modules-search-unread", f"{place}/cut")
    (place / "text").write_text("text")
    assert search(place / "text") == ([], [])
    assert search(place / "missing") == ([], [])


@pytest.mark.parametrize("name", ["pipe", "link"])
def test_nothing_but_a_regular_file_is_read(place, name):
    os.mkfifo(place / "pipe")
    (place / "link").symlink_to("/bin/sh")
    found, limits = search(place / name)
    assert found == []
    assert len(limits) == 1


# ---------------------------------------------------------------- environment


def asked(environment: dict[str, str], program: str) -> list[tuple[str, str]]:
    """Where the environment of a running process has the loader look."""
    records = []
    searcher = LibrarySearcher(records.append, PathWalker(records.append))
    where = {"mount_namespace": NAMESPACE, "root": "/", "path": program}
    searcher.look_at(**where)
    process = subprocess.Popen([program, "300"], env=environment)
    try:
        while b"libc" not in Path(f"/proc/{process.pid}/maps").read_bytes():
            assert process.poll() is None
        searcher.look_at_process(process.pid, **where)
        searcher.look_at_process(process.pid, **where)
    finally:
        process.kill()
        process.wait()
    found = [record for record in records if isinstance(record, LibrarySearch)]
    assert len(found) <= 2, "the second look must tell nothing more"
    return [(file.path, file.by) for file in found[-1].files if file.by != "interpreter"]


def test_variables_of_a_running_process(place):
    environment = {"LD_PRELOAD": f"{place}/none.so", "LD_LIBRARY_PATH": f"{place}/a:{place}/b", "TOKEN": "/hunter2"}
    environment["LD_AUDIT"] = "$ORIGIN/none.so"
    assert asked(environment, "/usr/bin/sleep") == [
        (f"{place}/none.so", "ld-preload"),
        ("/usr/bin/none.so", "ld-audit"),
        (f"{place}/a/libc.so.6", "ld-library-path"),
        (f"{place}/b/libc.so.6", "ld-library-path"),
    ]


def test_a_process_without_them_or_gone_tells_nothing():
    assert asked({}, "/usr/bin/sleep") == []
    records = []
    searcher = LibrarySearcher(records.append, PathWalker(records.append))
    searcher.look_at_process(4194304, mount_namespace=NAMESPACE, root="/", path="/bin/sh")
    assert records == []
