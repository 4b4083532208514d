"""What a predicate sees of a flow, and what it answers.

A predicate is a function from a ``Conversation`` to a ``Reading``. It answers

- a ``Reading``: this is the protocol;
- ``None``: it is not, whatever follows;
- ``NeedsMoreData``: what is there fits, and is too short to be sure.

It looks only at the bytes each side sent, in stream order, never at how they were cut into segments or at the
order in which the two sides' segments arrived: so cutting the same bytes elsewhere cannot change the answer.
"""

from functools import cached_property
from typing import NamedTuple

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.lines import Lines, read_lines


class Reading(NamedTuple):
    """A predicate's answer.

    Attributes:
        verdict: what the flow is.
        final: nothing either side may send later changes the verdict.
    """

    verdict: Verdict
    final: bool = False


class Conversation:
    """The payload of one flow as far as it was kept.

    Attributes:
        client, server: what each side sent. TCP: pieces without a gap inside, in stream order (a gap is bytes
            that nobody saw). UDP: one item a datagram.
        opening, greeting: the client's and the server's first piece or datagram.
        server_port: for rsh and rexec alone.
        midstream: the flow was joined after its beginning.
    """

    def __init__(
        self, client: tuple[bytes, ...], server: tuple[bytes, ...], *, server_port: int = 0, midstream: bool = False
    ) -> None:
        self.client = client
        self.server = server
        self.server_port = server_port
        self.midstream = midstream
        self.opening = client[0] if client else b""
        self.greeting = server[0] if server else b""

    @cached_property
    def client_lines(self) -> Lines:
        """The client's bytes as lines of text, up to where TLS begins."""
        return read_lines(self.client)

    @cached_property
    def server_lines(self) -> Lines:
        """The server's bytes as lines of text, up to where TLS begins."""
        return read_lines(self.server)

    @cached_property
    def textual(self) -> bool:
        """Whether both sides, as far as heard, begin with a line of text."""
        return self.client_lines.text and self.server_lines.text

    @cached_property
    def both_tls(self) -> bool:
        """Whether both sides went over to TLS after text, so that no line of either follows."""
        return self.client_lines.tls and self.server_lines.tls

    def swapped(self) -> "Conversation":
        """The same flow with the sides exchanged, for when the guess of who is the client was wrong."""
        return Conversation(self.server, self.client, server_port=self.server_port, midstream=self.midstream)


def upgrade_state(*, offered: bool, asked: bool, refused: bool, began: bool, sealed: bool = False) -> Encryption:
    """The encryption of a cleartext session that knows a command to start TLS.

    Args:
        offered: the server named the command among its capabilities.
        asked: the client sent the command.
        refused: the answer was negative, or the client went on in cleartext.
        began: a TLS hello stands at the beginning of a line, from either side.
        sealed: a security layer of SASL, which may encrypt or only sign, took over.
    """
    if began:
        return Encryption.UPGRADED
    if sealed:
        return Encryption.UNKNOWN
    if asked:
        return Encryption.REFUSED if refused else Encryption.UNKNOWN
    return Encryption.OFFERED_NOT_USED if offered else Encryption.NONE


def tls_began(talk: Conversation, *, asked: bool) -> bool:
    """Whether TLS took over from a text protocol: a hello where a line would begin, after the client asked for it.

    Where nothing of the client was captured, the server's hello after its answers is enough; and where both sides
    go over to TLS after text, they agreed on it by a word that is not known here (Exchange's X-ANONYMOUSTLS), or
    without any. A client that speaks TLS to a server that answers in text has not upgraded anything.
    """
    if asked:
        return talk.client_lines.tls or talk.server_lines.tls
    return talk.both_tls or (talk.server_lines.tls and not talk.client)


def sealed(talk: Conversation) -> bool:
    """Whether a security layer of SASL took over from a text protocol (RFC 4422 3.7)."""
    return talk.client_lines.sealed or talk.server_lines.sealed


FULL_READINGS = {
    protocol: Reading(Verdict(protocol=protocol, encryption=Encryption.FULL), final=True)
    for protocol in (Protocol.TLS, Protocol.SSH, Protocol.QUIC, Protocol.DTLS)
}
"""Protocols that are encrypted from the first byte have one verdict."""
