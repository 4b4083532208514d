"""Of what was typed, sent or written on command lines during the run, nothing is kept and nothing is said."""

import base64

import pytest

from javert.report.registry import FORMATS


def traces(typed):
    """Every secret, whole and in parts, as it is and as it crosses the network, by what it was for.

    Any 8 characters of a secret give it away. SMTP sends base64 of "\\0user\\0password" or of each alone, HTTP of
    "user:password"; the beginning's place among three decides how the rest looks.
    """
    found = {}
    for purpose, value in typed.values.items():
        data = value.encode()
        encodings = {data, data[::-1], data.hex().encode()}
        # Without the characters at the edges, which depend on what stands beside it.
        encodings |= {base64.b64encode(b"\0" * shift + data)[4:-4] for shift in range(3)}
        for encoded in encodings:
            for start in range(len(encoded) - 7):
                found.setdefault(encoded[start : start + 8], purpose)
    return found


@pytest.fixture(scope="module")
def given_away(typed, everything):
    """The purposes of secrets that some bytes hold."""
    known = traces(typed)

    def look(data):
        return {purpose for trace, purpose in known.items() if trace in data}

    return look


def test_there_is_something_to_find(given_away, typed, community):
    """The search itself is not blind: it finds each secret, and what crosses the network for a login."""
    for purpose, value in typed.values.items():
        assert given_away(f"USER {value}\r\n".encode()) == {purpose}
    user, password = typed.values["smtp plain user"], typed.values["smtp plain password"]
    assert given_away(base64.b64encode(f"\0{user}\0{password}".encode())) == {
        "smtp plain user",
        "smtp plain password",
    }
    user, password = typed.values["http user"], typed.values["http password"]
    assert given_away(base64.b64encode(f"{user}:{password}".encode())) == {"http user", "http password"}
    assert community in typed.values.values()
    assert len(typed.values) > 30


def test_no_secret_is_in_the_run_directory(given_away, everything):
    files = [path for path in everything.javert.directory.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"journal.jsonl", "result.json", "state.json"}
    for path in files:
        assert given_away(path.read_bytes()) == set(), path.name


def test_no_secret_is_in_what_the_run_said(given_away, everything):
    assert given_away(everything.ended.out.encode()) == set()
    assert given_away(everything.ended.err.encode()) == set()


@pytest.mark.parametrize("form", [form.name for form in FORMATS])
@pytest.mark.parametrize("command", [("evaluate", "--lang", "en"), ("evaluate", "--lang", "ja"), ("report",)])
def test_no_secret_is_in_any_report(given_away, everything, command, form):
    ended = everything.javert(*command, everything.run.directory, "--format", form)
    assert ended.code == 0, ended.err
    assert len(ended.out) > 1000
    assert given_away(ended.out.encode()) == set()
    assert given_away(ended.err.encode()) == set()


def test_that_a_secret_was_readable_is_said(everything):
    exposed = {
        one["attributes"]["protocol"]
        for one in everything.document["findings"]
        if one["attributes"].get("credentials_exposed")
    }
    assert exposed >= {"telnet", "ftp", "http", "pop3", "imap", "smtp", "snmpv1", "snmpv2c"}
