"""After kill -9 everything seen until a few seconds before is judged, and what came later is excluded."""

import contextlib
import signal
import socket

import pytest

from javert.errors import ParseError
from javert.model.codec import decode_record
from javert.model.telemetry import Endpoint, Role


def tells_of_http(journal, address):
    """Whether the journal tells that a client speaks HTTP with ``address``; the host has other traffic, too."""
    for line in journal.read_bytes().splitlines():
        with contextlib.suppress(ParseError):  # being written
            record = decode_record(line)
            client = isinstance(record, Endpoint) and (record.role, record.address) == (Role.CLIENT, address)
            if client and any(use.protocol == "http" for use in record.uses):
                return True
    return False


@pytest.fixture
def killed(javert, web_server, second_host, listening, careless, execute, waiting, workplace):
    """A run that was killed when its journal had told of a client's HTTP."""
    listening(second_host.socket, socket.AF_INET, second_host.there, 80)
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    execute("curl", "-sS", f"http://{second_host.there}/", **careless.identity)
    waiting(lambda: tells_of_http(run.journal, second_host.there), "it is told")
    run.process.kill()
    assert run.ended().code == -signal.SIGKILL
    return run


def test_what_was_seen_is_judged_and_the_gap_is_excluded(killed, javert, careless, second_host):
    ended = javert("evaluate", killed.directory, "--format", "json")
    assert ended.code == 0, ended.err
    assert ended.document["run"]["state"] == "COMPLETED_WITH_ERRORS"
    (client,) = [
        one["attributes"]
        for one in ended.document["findings"]
        if one["rule_id"] == "insecure-client-general" and one["attributes"]["process"]["user"] == careless.name
    ]
    assert client["protocol"] == "http"
    assert client["process"]["exe"] == "/usr/bin/curl"
    assert [(one["address"], one["port"], one["connections"]) for one in client["remotes"]] == [
        (second_host.there, 80, 1)
    ]
    assert any(
        one["rule_id"] == "insecure-server-protocol" and one["attributes"]["address"] == second_host.there
        for one in ended.document["findings"]
    )
    titles = [one["title"] for one in ended.document["exclusions"]]
    assert sum("The record of the run stops at" in title for title in titles) == 1
