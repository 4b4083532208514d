"""Raw sockets: what comes through them, and every way in which they are refused."""

import errno
import os
import socket
import sys
import time

import pytest
from tests.unit.sensors.windows.played import HOST, REMOTE, tcp

from javert.errors import SensorError
from javert.formats.packets import UDP
from javert.sensors.windows import payload
from javert.sensors.windows.payload import PayloadReader


def wait_for(packets, count=1):
    """So many packets, once they are there."""
    found = []
    deadline = time.monotonic() + 30
    while len(found) < count:
        assert time.monotonic() < deadline, f"{found} is all that came"
        found += packets()
        time.sleep(0.01)
    return found


@pytest.fixture
def line():
    """A datagram socket in place of a raw one, and the end that the host's packets come from."""
    made = []

    def open_socket(address):
        there, here = (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        )
        here.bind(("127.0.0.1", 0))
        there.connect(here.getsockname())
        made.append(there)
        return here

    yield open_socket, made
    for one in made:
        one.close()


def test_packets_come_as_segments(line):
    open_socket, made = line
    reader = PayloadReader(open_socket)
    assert reader.start((HOST,)) == {}
    made[0].send(tcp(HOST, 49152, REMOTE, 21, b"USER alice\r\n"))
    made[0].send(b"\x45 no packet")
    made[0].send(tcp(REMOTE, 21, HOST, 49152, b"x" * 2000))
    out, back = wait_for(reader.packets, 2)
    reader.stop()
    assert (out.segment.payload, out.segment.length) == (b"USER alice\r\n", 12)
    assert (len(back.segment.payload), back.segment.length) == (1024, 2000)


def test_an_address_that_appears_later_is_read_too(line):
    open_socket, made = line
    reader = PayloadReader(open_socket)
    reader.start((HOST,))
    assert reader.add((HOST, "127.0.0.1")) == {}
    assert len(made) == 2
    made[1].send(tcp("127.0.0.1", 1, "127.0.0.1", 2, b"later"))
    assert wait_for(reader.packets)[0].segment.payload == b"later"
    reader.stop()


@pytest.mark.parametrize("number", [10013, 10043, 10045, errno.EPERM])
def test_a_refusal_for_every_address_is_an_error_with_its_number(number):
    def refuse(address):
        raise OSError(number, "it is refused")

    with pytest.raises(SensorError, match=rf"^raw sockets: it is refused \({number}\)$"):
        PayloadReader(refuse).start((HOST, "127.0.0.1"))


def test_a_refusal_for_one_address_leaves_the_others(line):
    open_socket, _ = line

    def refuse_loopback(address):
        if address == "127.0.0.1":
            raise OSError(10045, "it is refused")
        return open_socket(address)

    reader = PayloadReader(refuse_loopback)
    assert [(address, error.errno) for address, error in reader.start(("127.0.0.1", HOST)).items()] == [
        ("127.0.0.1", 10045)
    ]
    reader.stop()


def test_a_host_without_ipv4_has_nothing_to_read(line):
    with pytest.raises(SensorError, match="no IPv4 address"):
        PayloadReader(line[0]).start(())


def test_what_there_is_no_room_for_is_counted(line, monkeypatch):
    monkeypatch.setattr(payload, "MOST_WAITING", 1)
    open_socket, made = line
    reader = PayloadReader(open_socket)
    reader.start((HOST,))
    for _ in range(3):
        made[0].send(tcp(HOST, 49152, REMOTE, 21, b"x"))
    deadline = time.monotonic() + 30
    while reader.dropped < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    reader.stop()
    assert len(reader.packets()) == 1


def test_a_flood_makes_it_pause_and_say_for_how_long(line, monkeypatch):
    monkeypatch.setattr(payload, "PACKETS_PER_S", 1)
    open_socket, made = line
    reader = PayloadReader(open_socket)
    reader.start((HOST,))
    made[0].send(tcp(HOST, 49152, REMOTE, 21, b"x"))
    wait_for(reader.packets)
    reader.stop()
    deadline = time.monotonic() + 30
    while not reader.paused_s:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert 0 < reader.paused_s <= 2


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0,
    reason="needs root on Linux, for raw sockets",
)
def test_packets_of_a_real_kernel():
    """Linux' raw sockets give, as Windows' do, packets from their IP header on."""

    def open_socket(address):
        made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        made.bind((address, 0))
        return made

    reader = PayloadReader(open_socket)
    reader.start(("127.0.0.1",))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.sendto(b"a datagram of the test", client.getsockname())
        port = client.getsockname()[1].to_bytes(2, "big")
    deadline = time.monotonic() + 30
    ours = []
    while not ours:
        assert time.monotonic() < deadline
        ours = [one.segment for one in reader.packets() if one.segment.ends.endswith(port)]
        time.sleep(0.01)
    reader.stop()
    assert (ours[0].protocol, ours[0].payload) == (UDP, b"a datagram of the test")
