"""An assessment of a Windows machine that does wrong, and of what Wine lets Javert see of it.

Wine refuses event tracing and raw sockets, so connections are polled and payload is not seen: exactly what polling
can tell must be told, and the rest must be exclusions.
"""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.windows.machine import Machine

JAVERT = "import sys; from javert.cli import main; sys.exit(main())"
SECONDS = 12
RUN = r"C:\runs\one"
PROGRAMS = r"Z:\javert\tests\windows\programs"
HOST, PEER = "192.0.2.1", "192.0.2.2"

pytestmark = pytest.mark.windows


@contextlib.contextmanager
def running(machine: Machine, program: str, *arguments: str) -> Iterator[None]:
    started = machine.start("-B", rf"{PROGRAMS}\{program}", *arguments)
    try:
        assert started.stdout.readline() == "ready\n", f"{program} {arguments} did not start"
        yield
    finally:
        started.kill()
        started.wait()
        started.stdout.close()


def certificate() -> bytes:
    how = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    command = ["openssl", "req", *how, "-subj", "/CN=test", "-keyout", "-", "-out", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


class Assessed(NamedTuple):
    """How an assessment ended, and what its run directory gives afterwards."""

    code: int
    result: dict
    errors: str
    evaluated: bytes
    japanese: bytes
    report: bytes


@pytest.fixture(scope="module")
def assessed(tmp_path_factory):
    """An assessment of a machine with services and clients of all kinds."""
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(Machine(tmp_path_factory.mktemp("host")))
        peer = stack.enter_context(Machine(tmp_path_factory.mktemp("peer")))
        host.connect(peer, f"{HOST}/24", f"{PEER}/24")
        for machine in (host, peer):
            machine.write("tmp/certificate.pem", certificate())
        stack.enter_context(running(peer, "services.py", "http:80", "ftp:21", "tls:443"))
        stack.enter_context(running(host, "services.py", "http:8080", "ftp:21", "tls:8443", "silent:4444"))
        stack.enter_context(running(peer, "clients.py", f"web:{HOST}:8080", f"tls:{HOST}:8443"))
        stack.enter_context(running(host, "clients.py", f"http:{PEER}:80", f"ftp:{PEER}:21", f"tls:{PEER}:443"))

        def javert(*arguments):
            return host.python("-B", "-c", JAVERT, *arguments, capture_output=True)

        done = javert("assess", "--duration", f"{SECONDS}s", "--format", "json", "--run-dir", RUN)
        again = [
            javert("evaluate", RUN, "--format", "json").stdout,
            javert("evaluate", RUN, "--lang", "ja").stdout,
            javert("report", RUN).stdout,
        ]
        yield Assessed(done.returncode, json.loads(done.stdout), done.stderr.decode(), *again)


def findings_of(result, rule):
    return [finding for finding in result["findings"] if finding["rule_id"] == rule]


def test_the_run_is_done_and_its_output_is_one_result(assessed):
    code, result, *_ = assessed
    assert code == 0
    assert result["run"]["state"] == "COMPLETED"
    assert (result["host"]["os"], result["host"]["architecture"]) == ("windows", "AMD64")
    assert HOST in result["host"]["addresses"]


def test_clients_of_cleartext_ports_on_another_host_are_found_by_port(assessed):
    _, result, *_ = assessed
    found = findings_of(result, "insecure-client-general")
    told = {
        (one["attributes"]["protocol"], one["attributes"]["remotes"][0]["address"], one["attributes"]["evidence"])
        for one in found
    }
    assert told == {("http", PEER, "port"), ("ftp", PEER, "port")}
    for finding in found:
        process = finding["attributes"]["process"]
        assert process["name"] == "python.exe"
        assert process["exe"].lower().endswith(r"\python\python.exe")
        assert process["user"].endswith("root")
        assert finding["attributes"]["credentials_exposed"] is False


def test_services_that_accept_cleartext_are_found_by_asking(assessed):
    _, result, *_ = assessed
    told = {
        (one["attributes"]["protocol"], one["attributes"]["port"], one["attributes"]["verdict"])
        for one in findings_of(result, "insecure-server-protocol")
    }
    assert told == {("http", 8080, "cleartext-only"), ("ftp", 21, "cleartext-only")}
    for finding in findings_of(result, "insecure-server-protocol"):
        assert finding["attributes"]["evidence"] == ["probed"]
        assert finding["attributes"]["process"]["name"] == "python.exe"


def test_nothing_else_is_found(assessed):
    _, result, *_ = assessed
    assert {finding["rule_id"] for finding in result["findings"]} == {
        "insecure-client-general",
        "insecure-server-protocol",
    }


def test_each_rule_has_the_outcome_that_polling_allows(assessed):
    _, result, *_ = assessed
    assert {rule["id"]: rule["outcome"] for rule in result["rules"]} == {
        "insecure-client-login": "NOT_AVAILABLE",
        "insecure-client-general": "FINDING",
        "unused-listening-tcp-port": "NOT_AVAILABLE",
        "insecure-server-protocol": "FINDING",
        "software-without-dep": "NOT_APPLICABLE",
        "root-process-insecure-permissions": "NOT_APPLICABLE",
    }


def test_what_was_not_seen_is_an_exclusion_with_windows_words(assessed):
    _, result, *_ = assessed
    exclusions = {(one["title"], one["rule_id"]): one for one in result["exclusions"]}
    titles = {title for title, _ in exclusions}
    assert {
        "Connections were polled, not counted",
        "What connections carry was not seen",
        "Whether ports are unused could not be told",
    } <= titles
    unprovable = exclusions["Whether ports are unused could not be told", "unused-listening-tcp-port"]
    assert "0.0.0.0:4444" in unprovable["description"]
    assert "8080" not in unprovable["description"]
    for one in result["exclusions"]:
        assert not any(word in one["recommendation"] for word in ("sudo", "BPF", "Linux", "as root"))


def test_the_refusals_name_windows_own_reason(assessed):
    _, result, *_ = assessed
    told = {one["title"]: one["description"] for one in result["exclusions"]}
    assert "OpenTrace" in told["Connections were polled, not counted"]
    assert "raw sockets" in told["What connections carry was not seen"]


def test_no_secret_is_told(assessed):
    _, result, errors, *_ = assessed
    assert not any(secret in json.dumps(result) + errors for secret in ("correct-horse", "alice"))


def test_the_run_can_be_evaluated_again(assessed):
    again = json.loads(assessed.evaluated)
    assert (again["findings"], again["exclusions"]) == (assessed.result["findings"], assessed.result["exclusions"])


def test_reports_are_utf8_without_colours_in_both_languages(assessed):
    assert "ポーリング" in assessed.japanese.decode("utf-8")
    assert "Connections were polled, not counted" in assessed.report.decode("utf-8")
    assert b"\x1b" not in assessed.japanese + assessed.report
