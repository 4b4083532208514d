"""The flows of a capture in the terminal report."""

import msgspec
import pytest

from javert.catalogue.lookup import Language
from javert.model.assessment import FlowSummary
from javert.report.flow_list import SINGLY, flow_lines
from javert.report.words import Words

ENGLISH = Words(Language.ENGLISH)
HTTP = FlowSummary(
    transport="tcp",
    client="192.0.2.1:40000",
    server="[2001:db8::1]:80",
    protocol="http",
    encrypted="no",
    evidence="payload",
    credentials_exposed=False,
)


def like(**fields):
    return msgspec.structs.replace(HTTP, **fields)


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({}, "http (not encrypted)"),
        ({"credentials_exposed": True}, "http (not encrypted), credentials readable"),
        ({"protocol": "tls", "encrypted": "yes"}, "tls (encrypted)"),
        ({"protocol": "smtp", "encrypted": "upgraded"}, "smtp (upgraded to TLS)"),
        ({"protocol": "unknown", "encrypted": "unknown"}, "unknown (encryption not known)"),
    ],
)
def test_few_flows_have_a_line_each(fields, end):
    assert flow_lines((like(**fields),), ENGLISH) == [f"tcp  192.0.2.1:40000 -> [2001:db8::1]:80  {end}"]


def test_many_are_put_together_by_kind_the_most_frequent_first():
    flows = [
        *(like(server=f"198.51.100.{number}:80") for number in range(SINGLY)),
        *(like(protocol="tls", encrypted="yes") for _ in range(SINGLY + 1)),
        like(credentials_exposed=True),
    ]
    assert flow_lines(flows, ENGLISH) == [
        "41 x tcp tls (encrypted), to [2001:db8::1]:80",
        "40 x tcp http (not encrypted), to 198.51.100.0:80, 198.51.100.1:80, 198.51.100.2:80, …",
        "1 x tcp http (not encrypted), to [2001:db8::1]:80, credentials readable",
        "Put together by kind; every single flow stands in the JSON report (--format json).",
    ]


def test_nothing_in_a_stored_flow_acts_on_a_terminal():
    hostile = dict.fromkeys(("transport", "client", "server", "protocol", "encrypted"), "\x1b[2J")
    for flows in ((like(**hostile),), (like(**hostile),) * (SINGLY + 1)):
        assert not any("\x1b" in line for line in flow_lines(flows, ENGLISH))


def test_in_japanese():
    assert flow_lines((HTTP,), Words(Language.JAPANESE))[0].endswith("http (暗号化なし)")
