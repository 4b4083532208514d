"""A server that misbehaves, for the matrix to run: ``python misbehave.py ADDRESS PORT HOW``. Needs only Python."""

import contextlib
import itertools
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator

LONG = 120.0
"""Seconds; longer than anybody asks."""


def silent(peer: socket.socket) -> None:
    """Takes the connection and everything that is sent, and says nothing."""
    _read_all(peer)


def hangs_up(peer: socket.socket) -> None:
    """Closes at once, in order."""


def resets(peer: socket.socket) -> None:
    """Resets at once."""
    _abort(peer)


def hangs_up_when_asked(peer: socket.socket) -> None:
    """Waits for a question, and closes."""
    peer.recv(1)


def resets_when_asked(peer: socket.socket) -> None:
    peer.recv(1)
    _abort(peer)


def garbage(peer: socket.socket) -> None:
    """Greets with random bytes."""
    peer.sendall(random.Random(1).randbytes(700))
    _read_all(peer)


def garbage_when_asked(peer: socket.socket) -> None:
    """Answers every question with random bytes."""
    chance = random.Random(2)
    while peer.recv(65536):
        peer.sendall(chance.randbytes(300))


def zeros_when_asked(peer: socket.socket) -> None:
    """Answers with NUL bytes: they begin the answers of several binary protocols."""
    while peer.recv(65536):
        peer.sendall(bytes(400))


def echoes(peer: socket.socket) -> None:
    """Says everything back."""
    while data := peer.recv(65536):
        peer.sendall(data)


def floods(peer: socket.socket) -> None:
    """Sends without end, at once."""
    block = random.Random(3).randbytes(65536)
    while True:
        peer.sendall(block)


def floods_with_lines(peer: socket.socket) -> None:
    """A greeting that never ends, in the form that SMTP and FTP give to those of several lines."""
    block = b"220-still greeting\r\n" * 4096
    while True:
        peer.sendall(block)


def drips(peer: socket.socket) -> None:
    """One byte a second that means nothing."""
    _drip(peer, itertools.repeat(b"x"))


def drips_a_greeting(peer: socket.socket) -> None:
    """One byte a second of what could become a greeting."""
    _drip(peer, (bytes([each]) for each in b"220 " + b"welcome " * 100))


def closes_within_tls(peer: socket.socket) -> None:
    """Answers a ClientHello with the first bytes of a record, and closes."""
    peer.recv(65536)
    peer.sendall(bytes.fromhex("16030300"))


def stalls_within_tls(peer: socket.socket) -> None:
    """Answers a ClientHello with the head of a record that never comes."""
    peer.recv(65536)
    peer.sendall(bytes.fromhex("160303007a"))
    _read_all(peer)


def alerts(peer: socket.socket) -> None:
    """Answers everything with a fatal TLS alert (handshake_failure)."""
    if peer.recv(65536):
        peer.sendall(bytes.fromhex("15030300020228"))


def greets_and_hangs_up(peer: socket.socket) -> None:
    """As a mail server does with those it does not like (RFC 5321, 3.1)."""
    peer.sendall(b"554 No SMTP service here\r\n")


def offers_tls_that_fails(peer: socket.socket) -> None:
    """SMTP that offers STARTTLS and has no key for it: 454, as RFC 3207 wants it."""
    peer.sendall(b"220 servers.example ESMTP\r\n")
    with peer.makefile("rb") as lines:
        for line in lines:
            word = line.upper().split()[:1]
            if word == [b"EHLO"]:
                peer.sendall(b"250-servers.example\r\n250 STARTTLS\r\n")
            elif word == [b"STARTTLS"]:
                peer.sendall(b"454 4.7.0 TLS not available due to local problem\r\n")
            elif word == [b"QUIT"]:
                peer.sendall(b"221 2.0.0 Bye\r\n")
                return
            else:
                peer.sendall(b"250 2.1.0 Ok\r\n")


BEHAVIOURS: dict[str, Callable[[socket.socket], None]] = {
    each.__name__: each
    for each in (
        *(silent, hangs_up, resets, hangs_up_when_asked, resets_when_asked, garbage, garbage_when_asked),
        *(zeros_when_asked, echoes, floods, floods_with_lines, drips, drips_a_greeting, closes_within_tls),
        *(stalls_within_tls, alerts, greets_and_hangs_up, offers_tls_that_fails),
    )
}


def _read_all(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def _abort(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _drip(peer: socket.socket, parts: Iterator[bytes]) -> None:
    for part in parts:
        peer.sendall(part)
        time.sleep(1)


def _serve(peer: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    peer.settimeout(LONG)
    with peer, contextlib.suppress(OSError):
        behave(peer)


def never_accepts(address: str, port: int) -> None:
    """A queue of connections that is full, as that of a server that hangs."""
    listener = socket.socket()
    listener.bind((address, port))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((address, port))
        waiting.append(client)
    threading.Event().wait()


def answers_datagrams_with_garbage(address: str, port: int) -> None:
    """UDP: random bytes for every question."""
    chance = random.Random(4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            _data, peer = server.recvfrom(65536)
            server.sendto(chance.randbytes(60), peer)


def never_answers_datagrams(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            server.recvfrom(65536)


WHOLE = {each.__name__: each for each in (never_accepts, answers_datagrams_with_garbage, never_answers_datagrams)}


def main(address: str, port: int, how: str) -> None:
    if how in WHOLE:
        WHOLE[how](address, port)
    with socket.create_server((address, port), backlog=64) as listener:
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_serve, args=(peer, BEHAVIOURS[how]), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
