"""A small blocking driver for probes' conversations: enough to try them against a server, no more.

Javert's own sensor is what counts; here a conversation can be watched step by step.
"""

import contextlib
import socket
import ssl
import time
from typing import NamedTuple

from tests.unit.probes.words import ALLOWED

from javert.model.telemetry import ProbeAnswer, Transport
from javert.probes.interface import MOST_BYTES, Ask, Ended, Reopen, Reply, Script, StartTls, Step

_TIME_S = 10.0


class Driven(NamedTuple):
    """What a conversation came to.

    Attributes:
        answers: what it returned.
        connections: how many it opened.
        transcript: every step with its reply.
        took_s: seconds.
    """

    answers: tuple[ProbeAnswer, ...]
    connections: int
    transcript: tuple[tuple[Step, Reply], ...]
    took_s: float


class _Line:
    """One connection, or one UDP socket."""

    def __init__(
        self, transport: Transport, address: str, port: int, source: str, *, reserved: bool = False
    ) -> None:
        self._udp = transport is Transport.UDP
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM if self._udp else socket.SOCK_STREAM)
        self._socket.settimeout(2)
        self._peer = (address, port)
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ended: Ended | None = None
        try:
            _bind(self._socket, source, reserved=reserved)
            if not self._udp:
                self._socket.connect(self._peer)
        except OSError:
            self._ended = Ended.RESET

    @property
    def refused(self) -> bool:
        return self._ended is Ended.RESET

    def close(self) -> None:
        self._socket.close()

    def ask(self, step: Ask) -> Reply:
        until = time.monotonic() + step.wait_s
        if step.data and self._ended is None:
            self._send(step.data)
        data = b""
        while self._ended is None:
            came = self._receive(until)
            if came is None:
                return Reply(data, Ended.QUIET, tls=self._tls is not None)
            data = came if self._udp else data + came
            if came and step.enough(data):
                return Reply(data, Ended.ENOUGH, tls=self._tls is not None)
            if len(data) >= MOST_BYTES:
                return Reply(data, Ended.FLOODED, tls=self._tls is not None)
        return Reply(data, self._ended, tls=self._tls is not None)

    def start_tls(self, step: StartTls) -> Reply:
        until = time.monotonic() + step.wait_s
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        tls = context.wrap_bio(self._incoming, self._outgoing)
        raw = b""
        while self._ended is None:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send_raw(self._outgoing.read())
                came = self._receive(until)
                if came is None:
                    self._ended = Ended.CLOSED
                    return Reply(raw, Ended.QUIET)
                raw += came
                self._incoming.write(came)
            except (ssl.SSLError, OSError):
                with contextlib.suppress(OSError):
                    self._send_raw(self._outgoing.read())
                self._ended = Ended.CLOSED
            else:
                self._send_raw(self._outgoing.read())
                self._tls = tls
                return Reply(b"", Ended.ENOUGH, tls=True)
        return Reply(raw, self._ended)

    def _send(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        self._send_raw(data)

    def _send_raw(self, data: bytes) -> None:
        try:
            if self._udp:
                self._socket.sendto(data, self._peer)
            else:
                self._socket.sendall(data)
        except OSError:
            self._ended = Ended.RESET

    def _receive(self, until: float) -> bytes | None:
        """What came; b"" where that was no payload; None where nothing came in time."""
        left = until - time.monotonic()
        if left <= 0:
            return None
        self._socket.settimeout(left)
        try:
            came = self._socket.recv(MOST_BYTES)
        except TimeoutError:
            return None
        except OSError:
            self._ended = Ended.RESET
            return b""
        if not came and not self._udp:
            self._ended = Ended.CLOSED
        if self._tls is None:
            return came
        self._incoming.write(came)
        clear = b""
        try:
            while piece := self._tls.read(MOST_BYTES):
                clear += piece
        except ssl.SSLWantReadError:
            return clear
        except ssl.SSLError:
            pass
        self._ended = Ended.CLOSED
        return clear


def _bind(one: socket.socket, source: str, *, reserved: bool) -> None:
    for port in range(1023, 511, -1) if reserved else (0,):
        with contextlib.suppress(OSError if reserved else ()):
            one.bind((source, port))
            return
    raise OSError("no reserved port")


def drive(
    script: Script, address: str, port: int, transport: Transport = Transport.TCP, source: str = "127.0.0.2"
) -> Driven:
    """Have a conversation with what listens at ``address`` and ``port``, in the network namespace of this thread.

    Raises:
        AssertionError: it takes longer than 10 s, or says what Javert may not say.
    """
    source = "::" if ":" in address else source
    began = time.monotonic()
    line = _Line(transport, address, port, source)
    connections, transcript = 1, []
    try:
        if line.refused:
            return Driven((), connections, (), time.monotonic() - began)
        step = next(script)
        while True:
            at = time.monotonic()
            assert not isinstance(step, Ask) or step.data in ALLOWED
            if isinstance(step, Reopen):
                line.close()
                own = address if step.from_its_own_address else source
                if step.from_localhost:
                    own = "::1" if ":" in address else "127.0.0.1"
                line = _Line(transport, address, port, own, reserved=step.from_a_reserved_port)
                connections += 1
                reply = Reply(b"", Ended.RESET if line.refused else Ended.ENOUGH)
            else:
                reply = line.start_tls(step) if isinstance(step, StartTls) else line.ask(step)
            reply = Reply(reply.data, reply.ended, reply.tls, time.monotonic() - at)
            transcript.append((step, reply))
            assert time.monotonic() - began < _TIME_S
            step = script.send(reply)
    except StopIteration as end:
        return Driven(end.value, connections, tuple(transcript), time.monotonic() - began)
    finally:
        line.close()
