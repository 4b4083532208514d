"""A connection of Javert to a service: takes the steps of a conversation (``javert.probes.interface``)."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from javert.errors import SensorError
from javert.model.telemetry import Transport
from javert.probes.interface import MOST_BYTES, Ask, Ended, Reopen, Reply, StartTls
from javert.sensors.own_flows import OwnFlow, OwnFlows
from javert.sensors.probe_routes import Route, routes

CONNECT_S = 1.0
"""How long a handshake on the same host may take. It takes longer only where the service's backlog is full."""

LEAVE_S = 0.1
"""How long a service has to close its side, before another connection is opened in place of this one."""
RESERVED_PORTS = range(1022, 1000, -1)
"""Of those that only root can use, the ones that no service is known by (IANA registry)."""

_CHUNK = 65536
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, which has its name since Python 3.12
_ELSEWHERE = frozenset(
    {errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL, errno.EAFNOSUPPORT, errno.EACCES}
)
"""Errors of an address, not of the service: another way may lead to it. EACCES: a firewall forbids this one."""


class Place(NamedTuple):
    """Where a service is; ``pids`` hold it, and ``others`` are the addresses of its network namespace."""

    transport: Transport
    network_namespace: int
    address: str
    port: int
    dual_stack: bool
    pids: tuple[int, ...]
    others: tuple[str, ...]


class Sockets(Protocol):
    """Makes sockets in the network namespace of a service."""

    def make(self, network_namespace: int, family: int, kind: int) -> socket.socket:
        """A socket there.

        Raises:
            SensorError: the namespace cannot be entered.
            OSError: the system refuses the socket.
        """

    def scope(self, network_namespace: int, address: str) -> int:
        """The interface of a link-local IPv6 address there; 0 if that is not known."""


class OneNamespace:
    """Sockets of a system without network namespaces, or of the one Javert runs in."""

    def make(self, network_namespace: int, family: int, kind: int) -> socket.socket:
        """A socket."""
        return socket.socket(family, kind)

    def scope(self, network_namespace: int, address: str) -> int:
        """Not known."""
        return 0


class Connection:
    """Conversations take place on one connection at a time: ``reopen`` closes the one before.

    Attributes:
        connections: how many were opened, datagram sockets included.
        heard: something came from the service.
        flooded: more came than one step takes.
        silent: a question was left without an answer, with the connection still open.
        hung_up: a connection was closed or reset by the service.
    """

    def __init__(self, place: Place, sockets: Sockets, own: OwnFlows) -> None:
        self.connections = 0
        self.heard = self.flooded = self.silent = self.hung_up = False
        self._place = place
        self._sockets = sockets
        self._own = own
        self._flow: OwnFlow | None = None
        self._socket: socket.socket | None = None
        self._peer: tuple[object, ...] = ()
        self._tls: ssl.SSLObject | None = None
        self._loop = asyncio.get_running_loop()

    # ---------------------------------------------------------------- open and close

    async def open(self, how: Reopen | None = None) -> bool:
        """Connect; False if the service refuses, or does not take the connection in time.

        Args:
            how: from where; None for the usual way.

        Raises:
            SensorError: no way leads to it.
        """
        await self.leave()
        how = how or Reopen()
        place = self._place
        ways = routes(
            place.address,
            dual_stack=place.dual_stack,
            others=place.others,
            from_its_own_address=how.from_its_own_address,
            from_localhost=how.from_localhost,
        )
        reason = "no address"
        late = False
        for way in ways:
            try:
                async with asyncio.timeout(CONNECT_S):
                    await self._connect(way, RESERVED_PORTS if how.from_a_reserved_port else (0,))
                return True
            except TimeoutError:
                late = True
            except ConnectionRefusedError:
                self.close()
                return False
            except ConnectionError:
                self.close()
                return True  # it was accepted, and reset at once: the first step finds it closed
            except OSError as error:
                if error.errno not in _ELSEWHERE:
                    self.close()
                    raise SensorError(f"cannot connect to it: {error.strerror}") from None
                reason = error.strerror or reason
            self.close()
        if late:
            return False
        raise SensorError(f"cannot connect to it: {reason}")

    async def _connect(self, way: Route, ports: Iterable[int]) -> None:
        place = self._place
        udp = place.transport is Transport.UDP
        family = socket.AF_INET6 if way.ipv6 else socket.AF_INET
        made = self._sockets.make(place.network_namespace, family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
        self._socket = made
        made.setblocking(False)
        self._bind(made, way.source, ports)
        flow = OwnFlow(place.transport, place.network_namespace, way.source, int(made.getsockname()[1]), place.port)
        if not self._own.begin(flow, place.pids):
            raise SensorError("it could not be kept out of what is counted")
        self._flow = flow
        self._peer = self._address(way.target, place.port)
        self.connections += 1
        if not udp:
            await self._loop.sock_connect(made, self._peer)

    def _bind(self, made: socket.socket, source: str, ports: Iterable[int]) -> None:
        """Bind to the first of the ports that is free; 0 is any. Raises OSError if none is."""
        for port in ports:
            try:
                return made.bind(self._address(source, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRNOTAVAIL, "every reserved port is in use")

    def _address(self, address: str, port: int) -> tuple[object, ...]:
        if ":" not in address:
            return (address, port)
        link_local = address.startswith("fe8")
        scope = self._sockets.scope(self._place.network_namespace, address) if link_local else 0
        return (address, port, 0, scope)

    async def leave(self) -> None:
        """End the connection as a client does that has nothing more to say, and let the service end it too."""
        made = self._socket
        if made is not None:
            self._say_goodbye(made)
            if self._place.transport is Transport.TCP:
                with contextlib.suppress(OSError):  # TimeoutError among them
                    async with asyncio.timeout(LEAVE_S):
                        while await self._loop.sock_recv(made, _CHUNK):
                            pass
        self.close()

    def close(self) -> None:
        """Let go of the connection at once; once is enough, twice does no harm."""
        made, self._socket = self._socket, None
        if made is not None:
            made.close()
        self._tls = None
        if self._flow is not None:
            self._own.end(self._flow, self._place.pids)
            self._flow = None

    def _say_goodbye(self, made: socket.socket) -> None:
        """TLS's close_notify (RFC 8446, 6.1), if there is room for it; then the end of the stream."""
        try:
            if self._tls is not None:
                try:
                    self._tls.unwrap()
                except ssl.SSLError:  # the service has not said goodbye yet, and is not waited for
                    made.send(self._outgoing.read())
            if self._place.transport is Transport.TCP:
                made.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it is closed already, or takes nothing any more

    # ---------------------------------------------------------------- steps

    async def ask(self, step: Ask) -> Reply:
        """Send what the step says, and listen until it is enough."""
        if self._socket is None:
            return Reply(data=b"", ended=Ended.CLOSED)
        got = bytearray()
        tls = self._tls is not None
        try:
            async with asyncio.timeout(step.wait_s):
                if step.data:
                    await self._send(step.data)
                ended = await self._listen(step, got)
        except TimeoutError:
            ended = Ended.QUIET
            self.silent = self.silent or bool(step.data)
        except OSError:  # ConnectionResetError and the like; of TLS, that what came makes no sense
            ended = Ended.RESET
        self.heard = self.heard or bool(got)
        self.hung_up = self.hung_up or ended in (Ended.CLOSED, Ended.RESET)
        self.flooded = self.flooded or ended is Ended.FLOODED
        return Reply(data=bytes(got), ended=ended, tls=tls)

    async def _listen(self, step: Ask, got: bytearray) -> Ended:
        udp = self._place.transport is Transport.UDP
        while True:
            chunk = await self._receive()
            if udp:
                got[:] = chunk
            elif not chunk:
                return Ended.CLOSED
            else:
                got += chunk
            if step.enough(bytes(got)):
                return Ended.ENOUGH
            if len(got) >= MOST_BYTES:
                return Ended.FLOODED

    async def reopen(self, step: Reopen) -> Reply:
        """Close, and connect again."""
        try:
            opened = await self.open(step)
        except SensorError:
            opened = False
        return Reply(data=b"", ended=Ended.ENOUGH if opened else Ended.RESET)

    async def start_tls(self, step: StartTls) -> Reply:
        """Begin TLS; accepts every certificate, and every version that the TLS library still speaks."""
        if self._socket is None or self._tls is not None:
            return Reply(data=b"", ended=Ended.RESET, tls=self._tls is not None)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = _context().wrap_bio(self._incoming, self._outgoing)
        got = bytearray()
        try:
            async with asyncio.timeout(step.wait_s):
                ended = await self._handshake(tls, got)
        except TimeoutError:
            ended = Ended.QUIET
            self.silent = True
        except ssl.SSLError:  # what came is no TLS, or an alert
            ended = Ended.ENOUGH if got else Ended.CLOSED
        except OSError:
            ended = Ended.RESET
        else:
            if ended is Ended.ENOUGH:
                self._tls = tls
        self.heard = self.heard or bool(got)
        self.hung_up = self.hung_up or ended in (Ended.CLOSED, Ended.RESET)
        if self._tls is None:
            self.close()  # what was begun cannot be taken back
        return Reply(data=b"" if self._tls else bytes(got), ended=ended, tls=self._tls is not None)

    async def _handshake(self, tls: ssl.SSLObject, got: bytearray) -> Ended:
        """ENOUGH when it is done; ``got`` is filled with all that comes."""
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
            else:
                await self._flush()
                return Ended.ENOUGH
            chunk = await self._receive_raw()
            got += chunk
            if not chunk:
                return Ended.CLOSED
            if len(got) >= MOST_BYTES:
                return Ended.FLOODED
            self._incoming.write(chunk)

    # ---------------------------------------------------------------- bytes

    async def _send(self, data: bytes) -> None:
        assert self._socket is not None
        if self._place.transport is Transport.UDP:
            await self._loop.sock_sendto(self._socket, data, self._peer)
        elif self._tls is None:
            await self._loop.sock_sendall(self._socket, data)
        else:
            self._tls.write(data)
            await self._flush()

    async def _flush(self) -> None:
        assert self._socket is not None
        if pending := self._outgoing.read():
            await self._loop.sock_sendall(self._socket, pending)

    async def _receive(self) -> bytes:
        """What comes next; empty when the service has closed its side."""
        if self._tls is None:
            return await self._receive_raw()
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            if chunk := await self._receive_raw():
                self._incoming.write(chunk)
            else:
                self._incoming.write_eof()

    async def _receive_raw(self) -> bytes:
        assert self._socket is not None
        if self._place.transport is Transport.TCP:
            return await self._loop.sock_recv(self._socket, _CHUNK)
        while True:
            data, sender = await self._loop.sock_recvfrom(self._socket, _CHUNK)
            if sender[0].partition("%")[0] == self._peer[0]:  # TFTP answers from another port (RFC 1350, 4)
                return data


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.options |= _LEGACY_SERVER_CONNECT
    return context
