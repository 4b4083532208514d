"""The unit and property tests that do not run on Windows, each with the reason; see tests/conftest.py.

A name is a directory, a file, or a test in a file with all its parameters. What is not named here runs, but for
files that import the sensors of Linux.
"""

import re
from pathlib import Path

_SENSORS = re.compile(r"^(from|import) javert\.sensors\.linux\b", re.MULTILINE)
_LINUX = "is about Linux' own interfaces"
_JUDGE = "lets Linux or one of its programs judge"
_POSIX = "is about what only POSIX systems have: modes, owners, removal of open files, symbolic links for everybody"

REASONS = {
    "tests/property/formats/test_kernel_formats.py": _LINUX,
    "tests/unit/formats/test_accounts.py": _JUDGE,
    "tests/unit/formats/test_file_capabilities.py": _JUDGE,
    "tests/unit/formats/test_interpreters.py": _JUDGE,
    "tests/unit/formats/test_kernel_records.py": _LINUX,
    "tests/unit/formats/test_loader_environment.py": _JUDGE,
    "tests/unit/formats/test_loader_paths.py::test_any_text_is_a_path": _JUDGE,
    "tests/unit/formats/test_loader_paths.py::test_the_loader_of_this_machine_replaces_alike": _JUDGE,
    "tests/unit/formats/test_posix_acl.py::test_what_setfacl_writes_is_what_is_read": _JUDGE,
    "tests/unit/formats/test_proc_status.py::test_this_process_is_who_the_system_says": _JUDGE,
    "tests/unit/formats/test_procfs.py": _JUDGE,
    "tests/unit/rules/test_remedies.py::test_bash_reads_back_the_same_bytes": _JUDGE,
    "tests/unit/sensors/test_clock.py::test_sleep_is_what_one_clock_counts_and_the_other_does_not": _LINUX,
    "tests/unit/sensors/test_prober.py::test_tls_is_spoken_whatever_the_certificate": _JUDGE,
    "tests/unit/sensors/linux": _LINUX,
    "tests/unit/assessment/test_files.py::test_a_new_file_is_its_owners_only": _POSIX,
    "tests/unit/assessment/test_files.py::test_the_new_name_is_forced_to_the_disk_after_the_content": _POSIX,
    "tests/unit/assessment/test_files.py::test_a_directory_that_may_not_be_read_is_no_failure": _POSIX,
    "tests/unit/assessment/test_flow_spool.py::test_many_go_to_a_file_without_a_name": _POSIX,
    "tests/unit/assessment/test_interruption.py": _POSIX,
    "tests/unit/assessment/test_journal.py::test_the_file_is_its_owners_only": _POSIX,
    "tests/unit/assessment/test_journal.py::test_a_rewritten_journal_is_its_owners_only": _POSIX,
    "tests/unit/assessment/test_journal.py::test_a_symbolic_link_is_not_followed": _POSIX,
    "tests/unit/assessment/test_journal.py::test_records_can_be_read_though_the_file_was_removed": _POSIX,
    "tests/unit/assessment/test_journal.py::test_a_journal_without_its_directory_goes_on": _POSIX,
    "tests/unit/assessment/test_lock.py::test_kill_9_frees_the_lock": _POSIX,
    "tests/unit/assessment/test_lock.py::test_a_symbolic_link_is_not_followed": _POSIX,
    "tests/unit/assessment/test_port_history.py::test_what_is_remembered_comes_back": _POSIX,
    "tests/unit/assessment/test_run.py::test_a_run_directory_that_was_removed_meanwhile_is_told": _POSIX,
    "tests/unit/assessment/test_run_directory.py": _POSIX,
    "tests/unit/cli/test_frame.py::test_a_closed_stream_is_no_fault": _POSIX,
    "tests/unit/cli/test_output.py::test_a_report_goes_to_a_file_that_only_its_owner_reads": _POSIX,
    "tests/unit/cli/test_replay.py::test_a_missing_file_and_a_directory_are_told": _POSIX,
}


def reason_of_file(path: Path, name: str) -> str:
    """Why a directory or file of tests is left out, by its path, and its name from the checkout on; "" if not."""
    if path.is_file() and path.suffix == ".py" and _SENSORS.search(path.read_text("utf-8")):
        return _LINUX
    return reason(name)


def reason(node: str) -> str:
    """Why a test, file or directory is named here, by its own name from the checkout on; "" if it is not."""
    bare = node.partition("[")[0]
    return next((why for name, why in REASONS.items() if bare == name or bare.startswith(f"{name}/")), "")
