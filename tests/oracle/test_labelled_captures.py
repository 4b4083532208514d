"""Identification against public captures with one labelled line a flow, on the ports they had and on others.

The captures stand beside the checkout and are no part of it; without them the test is skipped.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT.parent / "shared" / "captures"

# Labels that the files do not bear out; each was looked at byte by byte.
NOT_IN_THE_FILE = {
    # the rewriting of the port failed: the file is empty, or holds the flow on its old port
    "bait_http_80_on_23__seladb+PcapPlusPlus__PcapExamples__four_ipv6_http_streams.pcap",
    "bait_ldap_389_on_10389__seladb+PcapPlusPlus__PacketExamples__ldap.pcap",
    "bait_ldap_389_on_80__seladb+PcapPlusPlus__PacketExamples__ldap.pcap",
    "bait_redis_6379_on_16379__the-tcpdump-group+tcpdump__tests__resp_2_inline.pcap",
    "bait_redis_6379_on_80__the-tcpdump-group+tcpdump__tests__resp_2_inline.pcap",
    "bait_tls_443_on_143__ntop+nDPI__pcap__psiphon3.pcap",
    "bait_tls_443_on_23__ntop+nDPI__pcap__bets.pcap",
    "bait_tls_443_on_80__ntop+nDPI__pcap__dns2tcp_tunnel.pcap",
}
NOT_BORNE_OUT = {
    # (capture ends with, an end of the flow): why
    ("arkime__tests__pcap__arkime_synthetic.pcap", "10.0.10.1:3306"): "sequence id 10, no protocol version",
    ("arkime__tests__pcap__arkime_synthetic.pcap", "192.0.2.20:53"): "twelve zero octets, called dns by the port",
    ("the-tcpdump-group+tcpdump__tests__mptcp-v0.pcap", "10.2.1.2:41221"): "ciphertext, called ssh by the port",
    ("pcap__netbios_wildcard_dns_query.pcap", "10.1.66.20:53"): "a NetBIOS node status query sent to port 53",
    ("PacketExamples__DnsTooManyResources.pcap", "42.236.37.72:53"): "Skype's random octets on port 53",
    ("PacketExamples__SomeIpSd.pcapng", "160.48.199.28:30490"): "SOME/IP service discovery",
    ("PacketExamples__SomeIpSd.pcapng", "160.48.199.101:30490"): "SOME/IP service discovery",
    ("tcpdump__tests__someip1.pcap", "192.168.88.8:31490"): "SOME/IP service discovery",
    ("tcpdump__tests__rtp-seg-fault-1.pcapng", "10.1.1.99:53"): "nine octets of noise on port 53",
    ("tcpdump__tests__dns-badlabel.pcap", "156.118.27.229:500"): "garbage from port 53",
    ("tcpdump__tests__dns_fwdptr.pcap", "156.118.27.229:500"): "garbage from port 53",
    ("PacketExamples__dns_stack_overflow.pcap", "127.0.0.1:13423"): "label type 10, which RFC 1035 4.1.4 reserves",
    ("tcpdump__tests__zephyr-oobr.pcap", "167.155.6.190:2104"): "priority <W33> is no number",
    # layers that Javert does not read
    ("pcap__capwap_data.pcapng", "10.1.3.68:47025"): "inside CAPWAP",
}


def borne_out(capture: str, ends: frozenset[str]) -> bool:
    if capture in NOT_IN_THE_FILE:
        return False
    return not any(capture.endswith(name) and endpoint in ends for name, endpoint in NOT_BORNE_OUT)


@pytest.fixture(scope="session")
def scoring() -> ModuleType:
    spec = importlib.util.spec_from_file_location("labelled_captures", ROOT / "benchmarks/labelled_captures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scores(scoring: ModuleType) -> dict[str, object]:
    if not (CAPTURES / "labels.jsonl").exists():
        pytest.skip("no labelled captures beside the checkout")
    labels = scoring.read_labels(CAPTURES)
    all_ports, rewritten = scoring.Score(), scoring.Score()
    for path, rows in scoring.captures(CAPTURES, labels):
        answers = scoring.javert(path)
        judged = [row for row in rows if borne_out(path.name, row.ends[1])]
        all_ports.add(judged, answers)
        if path.name.startswith("bait_"):
            rewritten.add(judged, answers)
    return {"all": all_ports, "rewritten": rewritten}


@pytest.mark.parametrize("group", ["all", "rewritten"])
def test_no_encrypted_or_upgraded_flow_is_called_cleartext(scores: dict[str, object], group: str) -> None:
    assert scores[group].wrong_cleartext == []


@pytest.mark.parametrize("group", ["all", "rewritten"])
def test_recall_of_every_protocol(scores: dict[str, object], group: str) -> None:
    score = scores[group]
    short = {}
    for protocol, count in score.labelled.items():
        wanted = 0.99 if count >= 20 else 0.95
        if min(score.recall(protocol), score.cleartext_recall(protocol)) < wanted:
            short[protocol] = (count, score.recall(protocol), score.cleartext_recall(protocol))
    assert short == {}


def test_precision_of_every_protocol(scores: dict[str, object]) -> None:
    score = scores["all"]
    wrong = {name: score.precision(name) for name in score.named if score.precision(name) < 0.999}
    assert wrong == {}, score.mistaken


def test_every_protocol_of_the_list_is_measured(scores: dict[str, object], scoring: ModuleType) -> None:
    names = {str(protocol) for protocol in scoring.Protocol}
    assert set(scores["all"].labelled) <= names
    assert len(scores["all"].labelled) >= 30
