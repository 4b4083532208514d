"""Tables of sessions: who says what, and what is to be told of it."""

from typing import NamedTuple

from tests.protocol_sessions import CLIENT_HELLO as CH
from tests.protocol_sessions import SERVER_HELLO as SH

from javert.model.telemetry import Transport

H = bytes.fromhex
C, S, TCP, UDP = "C", "S", Transport.TCP, Transport.UDP

__all__ = ["CH", "SH", "TCP", "UDP", "C", "Case", "Cases", "H", "S", "be", "le"]


def be(number: int, octets: int = 4) -> bytes:
    """An integer, the highest octet first."""
    return number.to_bytes(octets, "big")


def le(number: int, octets: int = 4) -> bytes:
    """An integer, the lowest octet first."""
    return number.to_bytes(octets, "little")


class Case(NamedTuple):
    """A session; ``encryption`` and ``exposed`` are to be told where they are not None."""

    protocol: str
    turns: list[tuple[str, bytes]]
    seen: dict[str, object]
    encryption: str | None
    exposed: bool | None


class Cases(dict[str, Case]):
    """Cases by name."""

    def add(
        self,
        name: str,
        protocol: str,
        turns: list[tuple[str, bytes | str]],
        transport: Transport = TCP,
        *,
        enc: str | None = None,
        cred: bool | None = None,
        port: int = 0,
        mid: bool = False,
    ) -> None:
        """One more; text in ``turns`` stands for its octets."""
        assert name not in self, name
        said = [(who, said.encode() if isinstance(said, str) else said) for who, said in turns]
        seen = {"transport": transport, "server_port": port, "midstream": mid}
        self[name] = Case(protocol, said, seen, enc, cred)
