"""A flow written as a script: who says what, in turn."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Transport
from javert.protocols.interface import Direction, FlowHint, Verdict
from javert.protocols.session import Session

Turn = tuple[str, bytes]


def play(
    *turns: Turn, transport: Transport = Transport.TCP, server_port: int = 0, midstream: bool = False
) -> Verdict:
    """The verdict after ``turns``: ("C", bytes) from the client, ("S", bytes) from the server."""
    session = Session(FlowHint(transport=transport, server_port=server_port, midstream=midstream))
    sent = {"C": 0, "S": 0}
    for who, data in turns:
        direction = Direction.TO_SERVER if who == "C" else Direction.TO_CLIENT
        if transport is Transport.TCP:
            session.segment(direction, sent[who], data, len(data))
        else:
            session.datagram(direction, data, len(data))
        sent[who] += len(data)
    return session.verdict()


@pytest.fixture
def verdict_of() -> Callable[..., Verdict]:
    return play


@pytest.fixture
def client_hello() -> bytes:
    # record 22, version 3.1, 200 octets | ClientHello, 196 octets, version 3.3, random …
    return bytes.fromhex("16 0301 00c8  01 0000c4 0303") + bytes(range(194))


@pytest.fixture
def server_hello() -> bytes:
    return bytes.fromhex("16 0303 007a  02 000076 0303") + bytes(range(116))
