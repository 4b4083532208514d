"""The fuzzer's targets hold for what they start from, and notice a broken promise."""

import pytest
from tests.fuzz import targets
from tests.fuzz.targets import TARGETS

from javert.errors import ParseError
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.session import Session


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_seeds_and_their_beginnings_are_no_fault(name: str) -> None:
    for seed in TARGETS[name].seeds:
        for end in (len(seed), len(seed) // 2, len(seed) - 1, 1, 0):
            TARGETS[name].check(seed[:end])


def test_seeds_of_flows_reach_every_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = set()
    verdict_of = Session.verdict

    def verdict(session: Session) -> Verdict:
        verdict = verdict_of(session)
        reached.add(verdict.protocol)
        return verdict

    monkeypatch.setattr(Session, "verdict", verdict)
    for seed in TARGETS["flow"].seeds:
        TARGETS["flow"].check(seed)
    assert set(Protocol) - reached <= {Protocol.UNKNOWN}


def test_an_exception_that_is_no_parse_error_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(kind: type[Exception]) -> tuple:
        def parse(data: bytes) -> object:
            raise kind("on purpose")

        return (parse,)

    monkeypatch.setattr(targets, "RECORDS", raising(ParseError))
    TARGETS["records"].check(b"\x00record")
    monkeypatch.setattr(targets, "RECORDS", raising(IndexError))
    with pytest.raises(IndexError):
        TARGETS["records"].check(b"\x00record")


def test_a_verdict_that_depends_on_where_segments_end_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Verdict(protocol=Protocol.UNKNOWN)
    verdict_of = Session.verdict
    monkeypatch.setattr(Session, "verdict", lambda session: verdict_of(session) if session._added > 4 else unknown)
    seed = targets.write_flow(targets.SESSIONS["smtp"])
    with pytest.raises(AssertionError):
        TARGETS["flow"].check(seed)
