"""``javert replay``: what a capture comes to on the command line."""

import gzip
import io
import json
import struct
import sys
from types import SimpleNamespace

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from javert import __version__
from javert.model.codec import decode_assessment

SECRET = b"hunter2-correct-horse"
HTTP = [b"> GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", b"< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
FTP = [
    b"< 220 ready\r\n",
    b"> USER alice\r\n",
    b"< 331 Password required\r\n",
    b"> PASS " + SECRET + b"\r\n",
    b"< 230 logged in\r\n",
]
SSH = [b"< SSH-2.0-OpenSSH_9.2\r\n", b"> SSH-2.0-OpenSSH_9.2\r\n"]
SNMP = [
    b"> " + bytes.fromhex("3027020101040770726976617465a019020101020100020100300e300c06082b060102010101000500"),
    b"< " + bytes.fromhex("3027020101040770726976617465a219020101020100020100300e300c06082b060102010101000500"),
]
STRANGE = [b"> \x01\x99\x98\x97\x96" * 40, b"< \x02\x88\x87\x86\x85" * 40]
LAN = [
    {"lines": HTTP},
    {"lines": HTTP, "client_port": 40001, "server_port": 8443},
    {"lines": FTP, "client": "192.0.2.9", "server_port": 21},
    {"lines": SSH, "client": "2001:db8::1", "server": "2001:db8::2", "server_port": 22},
    {"lines": SNMP, "server_port": 161, "udp": True},
    {"server": "198.51.100.9", "syn_only": True},
    {"lines": STRANGE, "client": "192.0.2.30"},
]


class TextFile(SingleFileSnapshotExtension):
    """One golden file a test, as it would stand on the screen."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def lan(make_capture, tmp_path):
    path = tmp_path / "lan.pcap"
    path.write_bytes(make_capture(LAN))
    return path


@pytest.fixture
def piped(monkeypatch):
    """Puts bytes on standard input."""

    def pipe(data):
        raw = io.BytesIO(data)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=raw, isatty=lambda: False))

    return pipe


def document(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def outcomes(result):
    return {rule["id"]: rule["outcome"] for rule in result["rules"]}


def test_every_flow_is_listed(javert, lan):
    ended = javert("replay", lan, "--format", "json")
    flows = {(flow["transport"], flow["client"], flow["server"]): flow for flow in document(ended)["flows"]}
    assert {
        ends: (flow["protocol"], flow["encrypted"], flow["credentials_exposed"]) for ends, flow in flows.items()
    } == {
        ("tcp", "192.0.2.1:40000", "198.51.100.2:80"): ("http", "no", False),
        ("tcp", "192.0.2.1:40001", "198.51.100.2:8443"): ("http", "no", False),
        ("tcp", "192.0.2.9:40000", "198.51.100.2:21"): ("ftp", "no", True),
        ("tcp", "[2001:db8::1]:40000", "[2001:db8::2]:22"): ("ssh", "yes", False),
        ("udp", "192.0.2.1:40000", "198.51.100.2:161"): ("snmpv2c", "no", True),
        ("tcp", "192.0.2.1:40000", "198.51.100.9:80"): ("unknown", "unknown", False),
        ("tcp", "192.0.2.30:40000", "198.51.100.2:80"): ("unknown", "unknown", False),
    }
    assert {flow["evidence"] for flow in flows.values()} == {"payload"}


def test_findings_name_the_client_or_the_service(javert, lan):
    result = document(javert("replay", lan, "--format", "json"))
    told = [
        (finding["rule_id"], finding["attributes"]["protocol"], finding["attributes"].get("client"))
        for finding in result["findings"]
    ]
    assert sorted(told, key=str) == [
        ("insecure-client-general", "http", "192.0.2.1"),
        ("insecure-client-general", "snmpv2c", "192.0.2.1"),
        ("insecure-client-login", "ftp", "192.0.2.9"),
        ("insecure-server-protocol", "ftp", None),
        ("insecure-server-protocol", "http", None),
        ("insecure-server-protocol", "http", None),
        ("insecure-server-protocol", "snmpv2c", None),
    ]
    login = next(one for one in result["findings"] if one["rule_id"] == "insecure-client-login")
    assert login["title"] == "192.0.2.9 logs in to 198.51.100.2:21 over FTP, without encryption"
    assert [remote["port"] for remote in login["attributes"]["remotes"]] == [21]
    assert outcomes(result) == {
        "insecure-client-login": "FINDING",
        "insecure-client-general": "FINDING",
        "insecure-server-protocol": "FINDING",
        "unused-listening-tcp-port": "NOT_APPLICABLE",
        "software-without-dep": "NOT_APPLICABLE",
        "root-process-insecure-permissions": "NOT_APPLICABLE",
    }


def test_the_times_are_the_captures_and_the_host_is_the_file(javert, lan):
    result = document(javert("replay", lan, "--format", "json"))
    assert result["run"]["started_at"] == "2023-11-14T22:13:20.010Z"
    assert result["run"]["state"] == "COMPLETED"
    assert result["host"] == {"hostname": "lan.pcap", "os": "", "kernel": "", "architecture": "", "addresses": []}


def test_nothing_is_excluded_that_only_a_host_could_show(javert, lan):
    result = document(javert("replay", lan, "--format", "json"))
    assert {exclusion["title"] for exclusion in result["exclusions"]} == {"What 1 of 7 flows speak is not known"}


def test_the_same_capture_gives_the_same_report_under_any_name(javert, lan, tmp_path):
    first = javert("replay", lan, "--format", "json").out
    assert javert("replay", lan, "--format", "json").out == first
    other = tmp_path / "other.pcap"
    other.write_bytes(lan.read_bytes())
    fingerprints = [
        [finding["fingerprint"] for finding in json.loads(out)["findings"]]
        for out in (first, javert("replay", other, "--format", "json").out)
    ]
    assert fingerprints[0] == fingerprints[1]


def test_pcapng_gzip_and_standard_input_say_the_same(javert, lan, make_capture, piped, tmp_path):
    wanted = document(javert("replay", lan, "--format", "json"))
    for name, data in (
        ("a.pcapng", make_capture(LAN, ng=True)),
        ("a.pcap.gz", gzip.compress(make_capture(LAN))),
        ("a.pcapng.gz", gzip.compress(make_capture(LAN, ng=True))),
    ):
        (tmp_path / name).write_bytes(data)
        assert document(javert("replay", tmp_path / name, "--format", "json"))["flows"] == wanted["flows"]
    piped(make_capture(LAN, ng=True))
    from_pipe = document(javert("replay", "-", "--format", "json"))
    assert (from_pipe["flows"], from_pipe["host"]["hostname"]) == (wanted["flows"], "standard input")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_golden(javert, lan, language, snapshot):
    ended = javert("replay", lan, "--lang", language)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.replace(__version__, "VERSION") == snapshot(extension_class=TextFile)


def test_no_secret_is_in_any_output(javert, lan):
    for name in ("json", "terminal"):
        ended = javert("replay", lan, "--format", name)
        assert SECRET.decode() not in ended.out + ended.err
        assert "alice" not in ended.out + ended.err
        assert "private" not in ended.out + ended.err


def test_a_stored_result_renders_again_with_its_flows(javert, lan, tmp_path):
    stored = tmp_path / "result.json"
    assert javert("replay", lan, "--format", "json", "--output", stored).code == 0
    assert len(decode_assessment(stored.read_bytes()).flows) == len(LAN)
    assert javert("report", stored, "--format", "json").out.encode() == stored.read_bytes()
    assert javert("report", stored).out == javert("replay", lan).out


def test_between_addresses_of_one_machine_a_client_is_no_finding(javert, make_capture, tmp_path):
    path = tmp_path / "local.pcap"
    local = [("127.0.0.1", "127.0.0.1"), ("192.0.2.1", "192.0.2.1"), ("::1", "::1")]
    path.write_bytes(make_capture({"lines": HTTP, "client": client, "server": server} for client, server in local))
    result = document(javert("replay", path, "--format", "json"))
    assert outcomes(result)["insecure-client-general"] == "CLEAR"
    exposures = {f["attributes"]["address"]: f["attributes"]["exposure"] for f in result["findings"]}
    assert exposures == {"127.0.0.1": "loopback", "192.0.2.1": "host", "::1": "loopback"}
    assert all(finding["attributes"]["used_only_from_loopback"] for finding in result["findings"])


def test_a_service_that_never_answered_is_none(javert, make_capture, tmp_path):
    path = tmp_path / "scan.pcap"
    path.write_bytes(make_capture([{"lines": SNMP[:1], "udp": True, "server_port": 161}]))
    result = document(javert("replay", path, "--format", "json"))
    assert [finding["rule_id"] for finding in result["findings"]] == ["insecure-client-general"]


def test_encrypted_traffic_only_is_clear(javert, make_capture, tmp_path):
    path = tmp_path / "ssh.pcap"
    path.write_bytes(make_capture([{"lines": SSH}]))
    ended = javert("replay", path)
    assert ended.code == 0
    assert "No potential security issues found." in ended.out


@pytest.mark.parametrize("cut", [5, 40])
def test_a_capture_that_breaks_off_gives_what_is_readable(javert, lan, cut):
    whole = document(javert("replay", lan, "--format", "json"))
    lan.write_bytes(lan.read_bytes()[:-cut])
    ended = javert("replay", lan, "--format", "json")
    result = document(ended)
    assert len(result["flows"]) == len(whole["flows"])
    assert result["run"]["state"] == "COMPLETED_WITH_ERRORS"
    (title,) = {exclusion["title"] for exclusion in result["exclusions"]} - {
        exclusion["title"] for exclusion in whole["exclusions"]
    }
    assert title.startswith("The capture breaks off at byte ")
    assert ended.err == f"javert: {lan}: {title}; what stands before was judged\n"


def test_so_does_a_damaged_one(javert, lan, make_capture):
    rest = struct.pack("<IIII", 1, 1, 0x7FFFFFFF, 0x7FFFFFFF) + bytes(500)
    lan.write_bytes(make_capture(LAN[:2]) + rest)
    ended = javert("replay", lan, "--format", "json")
    assert [flow["protocol"] for flow in document(ended)["flows"]] == ["http", "http"]
    assert "The capture is damaged at byte" in ended.err


def test_compressed_data_that_ends_early_gives_what_is_readable(javert, lan, tmp_path):
    packed = tmp_path / "lan.pcap.gz"
    packed.write_bytes(gzip.compress(lan.read_bytes())[:-20])
    ended = javert("replay", packed, "--format", "json")
    assert len(document(ended)["flows"]) > 1
    assert ended.err.count("\n") == 1


def test_payload_nobody_knows_is_not_clear(javert, make_capture, tmp_path):
    path = tmp_path / "strange.pcap"
    path.write_bytes(make_capture([{"lines": STRANGE}]))
    result = document(javert("replay", path, "--format", "json"))
    assert {outcomes(result)[rule] for rule in outcomes(result) if rule.startswith("insecure")} == {"NOT_AVAILABLE"}


@pytest.mark.parametrize("exchanges", [[], [{"syn_only": True}]])
def test_without_payload_nothing_is_clear(javert, make_capture, tmp_path, exchanges):
    path = tmp_path / "silent.pcap"
    path.write_bytes(make_capture(exchanges))
    ended = javert("replay", path, "--format", "json")
    result = json.loads(ended.out)
    assert "CLEAR" not in outcomes(result).values()
    assert {exclusion["title"] for exclusion in result["exclusions"]} == {"The capture holds nothing to judge"}
    assert ended.code == (0 if exchanges else 3)


def test_fail_on(javert, lan):
    assert javert("replay", lan, "--fail-on", "medium").code == 1
    assert javert("replay", lan, "--fail-on", "high").code == 0


def test_only_the_rules_asked_for(javert, lan):
    result = document(javert("replay", lan, "--rule", "insecure-server-protocol", "--format", "json"))
    assert outcomes(result) == {"insecure-server-protocol": "FINDING"}
    assert len(result["flows"]) == len(LAN)


def test_a_rule_that_needs_a_host_is_refused(javert, lan):
    ended = javert("replay", lan, "--rule", "software-without-dep")
    assert (ended.code, ended.out) == (2, "")
    assert "needs a host" in ended.err


@pytest.mark.parametrize("data", [b"", b"root:x:0:0:root:/root:/bin/bash\n" * 20, gzip.compress(b"no capture" * 9)])
def test_what_is_no_capture_is_told_in_one_line(javert, tmp_path, data):
    path = tmp_path / "passwd"
    path.write_bytes(data)
    ended = javert("replay", path)
    assert (ended.code, ended.out, ended.err.count("\n")) == (3, "", 1)
    assert f"cannot replay {path}: not a capture" in ended.err


def test_a_missing_file_and_a_directory_are_told(javert, tmp_path):
    for path, why in ((tmp_path / "missing", "No such file or directory"), (tmp_path, "Is a directory")):
        ended = javert("replay", path)
        assert (ended.code, ended.out, ended.err) == (3, "", f"javert: error: cannot read {path}: {why}\n")


def test_a_terminal_as_standard_input_is_refused(javert, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    assert javert("replay", "-").code == 2


def test_an_output_that_cannot_be_is_refused_before_anything_is_read(javert, tmp_path):
    ended = javert("replay", tmp_path / "missing", "--output", tmp_path)
    assert ended.code == 2


@pytest.mark.parametrize("ng", [False, True])
def test_moments_far_outside_the_calendar(javert, make_capture, tmp_path, ng):
    path = tmp_path / "odd.pcap"
    path.write_bytes(make_capture([{"lines": HTTP}], start=2**44 if ng else 2**32 - 1, ng=ng))
    assert document(javert("replay", path, "--format", "json"))["findings"]
