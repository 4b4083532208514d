"""Flows on their way to the report: all of them come back, and none stays behind."""

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.assessment import flow_spool
from javert.assessment.flow_spool import FlowSpool
from javert.errors import JavertError
from javert.model.assessment import FlowSummary

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FLOWS = st.lists(
    st.builds(
        FlowSummary,
        transport=st.sampled_from(["tcp", "udp"]),
        client=TEXTS,
        server=TEXTS,
        protocol=TEXTS,
        encrypted=st.sampled_from(["yes", "no", "upgraded", "unknown"]),
        evidence=st.just("payload"),
        credentials_exposed=st.booleans(),
    ),
    max_size=30,
)


def numbered(number: int) -> FlowSummary:
    return FlowSummary(
        transport="tcp",
        client=f"10.0.0.1:{number}",
        server="[2001:db8::1]:80",
        protocol="http",
        encrypted="no",
        evidence="payload",
        credentials_exposed=False,
    )


@given(FLOWS)
def test_all_come_back_in_order_as_often_as_wanted(flows):
    with FlowSpool() as spool:
        for flow in flows:
            spool.append(flow)
        assert len(spool) == len(flows)
        assert list(spool) == flows
        assert list(spool) == flows


def test_many_go_to_a_file_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(flow_spool, "_IN_MEMORY", 1000)
    with FlowSpool() as spool:
        for number in range(2000):
            spool.append(numbered(number))
        assert list(spool) == [numbered(number) for number in range(2000)]
        assert list(tmp_path.iterdir()) == []


def test_the_digest_is_that_of_the_flows():
    digests = []
    for numbers in ((1, 2), (1, 2), (2, 1), ()):
        with FlowSpool() as spool:
            for number in numbers:
                spool.append(numbered(number))
            digests.append(spool.digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_no_room_is_one_line_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr(flow_spool, "_IN_MEMORY", 1)
    with FlowSpool() as spool:
        spool.append(numbered(1))
        with pytest.raises(
            JavertError, match=r"cannot keep the flows .*: No such file or directory; .* in TMPDIR$"
        ):
            list(spool)
