"""Records become one view of the run; later ones replace earlier ones of the same identity."""

import pytest

from javert.errors import ParseError
from javert.model import telemetry as records
from javert.model.telemetry import (
    Endpoint,
    Heartbeat,
    Limitation,
    Listener,
    NetworkNamespace,
    PathNode,
    Principals,
    Process,
    ProcessKey,
    Role,
    RunEnded,
    SensorReport,
    Transport,
)
from javert.model.view import assemble, identity

START = 1_795_453_200.0


def endpoint(number=1, last_seen=0.0, **fields):
    return Endpoint(
        id=number,
        role=Role.CLIENT,
        transport=Transport.TCP,
        network_namespace=1,
        address="192.0.2.1",
        port=80,
        last_seen=last_seen,
        **fields,
    )


def listener(opened_at=None, **fields):
    return Listener(
        transport=Transport.TCP, network_namespace=1, address="::", port=80, opened_at=opened_at, **fields
    )


def test_a_later_record_of_the_same_identity_stands_in_the_place_of_the_first(run_started):
    view = assemble([run_started(), endpoint(1), endpoint(2), endpoint(1, connections=9)])
    assert [(each.id, each.connections) for each in view.endpoints] == [(1, 9), (2, 0)]


def test_what_differs_in_identity_stands_side_by_side(run_started):
    view = assemble([run_started(), listener(), listener(5.0), listener(5.0, closed_at=9.0)])
    assert [(each.opened_at, each.closed_at) for each in view.listeners] == [(None, None), (5.0, 9.0)]


def test_every_kind_of_record_has_its_place(run_started):
    process = Process(key=ProcessKey(1, 2), name="init")
    node = PathNode(mount_namespace=4, path="/", kind="directory")
    view = assemble(
        [
            run_started(),
            process,
            node,
            NetworkNamespace(inode=3),
            Principals(users={0: "root"}),
            Limitation(code="x", rules=()),
            SensorReport(name="s", started_at=1.0),
            RunEnded(ended_at=START + 5),
        ]
    )
    assert view.processes == {process.key: process}
    assert view.path_nodes == {(4, "/"): node}
    assert list(view.namespaces) == [3]
    assert view.principals.users == {0: "root"}
    assert [limitation.code for limitation in view.limitations] == ["x"]
    assert [sensor.name for sensor in view.sensors] == ["s"]
    assert view.ended_at == START + 5
    assert view.window_s == 5.0


def test_without_an_end_the_last_sign_of_life_counts(run_started):
    view = assemble(
        [run_started(), Heartbeat(at=START + 9), endpoint(last_seen=START + 7), Heartbeat(at=START + 8)]
    )
    assert view.ended is None
    assert view.ended_at == view.last_sign == START + 9
    assert assemble([run_started(), endpoint(last_seen=START + 7)]).last_sign == START + 7
    assert assemble([run_started()]).window_s == 0.0


@pytest.mark.parametrize("before", [[], [Heartbeat(at=1.0)]])
def test_a_journal_begins_with_the_start_of_a_run(run_started, before):
    with pytest.raises(ParseError, match="does not begin"):
        assemble([*before, *[run_started()] * bool(before)])


def test_a_journal_holds_one_run(run_started):
    with pytest.raises(ParseError, match="second run"):
        assemble([run_started(), run_started()])


def test_records_of_different_kinds_never_replace_each_other():
    kinds = [kind for kind in records.AnyRecord.__args__ if kind.__struct_fields__]
    assert len(kinds) == 17
    assert len({identity(record) for record in (Heartbeat(at=1.0), RunEnded(ended_at=1.0), Principals())}) == 3
    assert identity(NetworkNamespace(inode=1)) != identity(endpoint(1))
