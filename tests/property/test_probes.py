"""What holds of every conversation, whatever the service answers."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.probes.words import ALLOWED

from javert.model.ports import PROTOCOLS_BY_PORT
from javert.model.telemetry import ProbeAnswer, Transport
from javert.probes.hints import _BY_NAME
from javert.probes.interface import Ask, Ended, Reopen, Reply, ServiceHint, StartTls, Step
from javert.probes.plan import TIME_S, conversation
from javert.probes.products import _SIGNS

MOST_STEPS = 60
MOST_CONNECTIONS = 9

# Whole answers that lead conversations on, of every protocol.
ANSWERS = (
    *(b"220 mail.example ESMTP Postfix\r\n", b"220 (vsFTPd 3.0.3)\r\n", b"220 ready\r\n", b"220-more\r\n"),
    *(
        b"250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
        b"250 Ok\r\n",
        b"530 Must issue STARTTLS first\r\n",
        b"550 no\r\n",
    ),
    *(b"211-Features:\r\n AUTH TLS\r\n211 End\r\n", b"234 Proceed\r\n", b"331 Password?\r\n", b"500 What?\r\n"),
    *(b"* OK Dovecot ready.\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\na1 OK\r\n", b"a2 OK\r\n"),
    *(b"+OK Dovecot ready.\r\n", b"+OK\r\nSTLS\r\nUSER\r\n.\r\n", b"+OK\r\n"),
    *(b"200 InterNetNews ready\r\n", b"101 list\r\nSTARTTLS\r\n.\r\n", b"382 go\r\n", b"411 none\r\n"),
    *(b":x NOTICE * :hi\r\n", b":x CAP * LS :tls\r\n", b":x 670 * :go\r\n"),
    *(
        b"\xff\xfd\x18\xff\xfd\x20",
        b"login: ",
        b"\x01Where are you?\n",
        b"\x01Permission denied.\n",
        b"\0Password: ",
    ),
    *(b"SSH-2.0-OpenSSH_9.2p1\r\n", b"RFB 003.008\n", b"RFB 003.003\n", b"\x01\x13", b"\0\2", b"\0\1\0\0\1\1"),
    *(b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 301 x\r\nLocation: https://x/\r\n\r\n", b"HTTP/1.1 404 x\r\n\r\n"),
    *(b"HTTP/1.1 400 Bad Request\r\n\r\n<html></html>", b"RTSP/1.0 200 OK\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"),
    *(bytes.fromhex("000006040000000000000300000064"), bytes.fromhex("15030300020228")),
    *(b"S", b"N", b"R\0\0\0\x08\0\0\0\x05", b"R\0\0\0\x08\0\0\0\0"),
    b"E\0\0\0\x1cC28000\0RClientAuthentication\0\0",
    b"\x50\0\0\0\x0a10.11-MariaDB\0\x04\0\0\0" + b"7PjF\\}#0\0\xfe\xff\x08\x02\x00\xff\x81\x15" + bytes(43),
    b"\x44\0\0\0\xff\x6a\x04Host '127.0.0.2' is not allowed to connect to this MariaDB server",
    *(b"\x2c\0\0\2\xfe" + bytes(43), b"\x07\0\0\2\0\0\0\2\0\0\0"),
    *(bytes((0x30, 12, 2, 1, at, tag, 7, 10, 1, 0, 4, 0, 4, 0)) for at, tag in ((1, 0x61), (2, 0x65), (3, 0x78))),
    *(bytes((0x30, 12, 2, 1, at, tag, 7, 10, 1, 1, 4, 0, 4, 0)) for at, tag in ((1, 0x61), (2, 0x65), (3, 0x78))),
    *(
        b"+PONG\r\n",
        b"-DENIED Redis is running in protected mode\r\n",
        b"-NOAUTH x\r\n",
        b"VERSION 1.6\r\n",
        b"ERROR\r\n",
    ),
    bytes.fromhex("25000000 00000000 00000000 01000000") + b"\x08ismaster\0\x01\x01ok\0" + bytes(4),
    *(b"\x20\x02\0\0", b"\x20\x02\0\5", b"AMQP\0\0\x09\x01", b"AMQP\2\1\0\0"),
    *(b"\1\0\x0b\0\0\0\0\0", bytes.fromhex("00000027 ff534d42 72 00000000 88") + bytes(26)),
    b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
    *(b"<stream:error><invalid-namespace/></stream:error>", b"<proceed/>"),
    bytes.fromhex("80000018 4a617672 00000001 00000000 00000000 00000000 00000001"),
    bytes.fromhex("0011 4a76 8005 0001 0000 0000 0000 00 0002 0001"),
    *(
        b"\0\5\0\1File not found\0",
        bytes.fromhex("3029 020100 0406") + b"public" + bytes.fromhex("a21c02044a617600"),
    ),
)

HINTS = st.builds(
    ServiceHint,
    transport=st.sampled_from(Transport),
    port=st.sampled_from((1, *PROTOCOLS_BY_PORT)),
    program=st.sampled_from(("", *sorted(_BY_NAME))),
    observed=st.lists(
        st.sampled_from(("http", "smtp", "ldap", "snmpv1", "tls", "redis", "nothing")), max_size=2
    ).map(tuple),
)
PRODUCTS = {"", "Net-SNMP", "RabbitMQ", "OpenLDAP", "389 Directory Server", "MySQL", "MariaDB"} | {
    sign.product for sign in _SIGNS
}


class Service:
    """A service that answers anything with anything, or with what fits, and takes its time."""

    def __init__(self, chance: random.Random, garbage: bytes, sense: float) -> None:
        self._chance = chance
        self._garbage = garbage
        self._sense = sense

    def reply(self, step: Step) -> Reply:
        chance = self._chance
        wait_s = getattr(step, "wait_s", 0.2)
        took_s = chance.choice((0.0, 0.001, wait_s / 2, wait_s))
        if isinstance(step, Reopen):
            return Reply(b"", chance.choice((Ended.ENOUGH,) * 9 + (Ended.RESET,)), took_s=took_s)
        if isinstance(step, StartTls):
            tls = chance.random() < 0.6
            return Reply(b"" if tls else self._said(None), Ended.ENOUGH if tls else Ended.CLOSED, tls, took_s)
        said = self._said(step)
        if step.enough(said) and said:
            return Reply(said, Ended.ENOUGH, took_s=took_s)
        return Reply(said, chance.choice((Ended.QUIET, Ended.CLOSED, Ended.RESET, Ended.FLOODED)), took_s=wait_s)

    def _said(self, step: Ask | None) -> bytes:
        chance = self._chance
        if step is not None and chance.random() < self._sense:
            fitting = [answer for answer in ANSWERS if step.enough(answer)]
            return chance.choice(fitting) if fitting else b""
        whole = chance.choice((*ANSWERS, self._garbage, b"", step.data if step else b""))
        return whole[: chance.randint(0, len(whole))] if chance.random() < 0.3 else whole


@given(
    hint=HINTS,
    seed=st.integers(0, 1 << 32),
    garbage=st.binary(max_size=200),
    sense=st.sampled_from((0.0, 0.5, 0.9)),
)
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_conversation_ends_in_time_and_says_only_what_it_may(
    hint: ServiceHint, seed: int, garbage: bytes, sense: float
) -> None:
    service = Service(random.Random(seed), garbage, sense)
    script = conversation(hint)
    spent, connections = 0.0, 1
    try:
        step = next(script)
        for _ in range(MOST_STEPS):
            if isinstance(step, Ask):
                assert step.data in ALLOWED
            connections += isinstance(step, Reopen)
            waits = 0.0 if isinstance(step, Reopen) else step.wait_s
            assert spent + waits <= TIME_S + 1e-9
            reply = service.reply(step)
            spent += reply.took_s
            step = script.send(reply)
    except StopIteration as end:
        answers = end.value
    else:
        raise AssertionError(f"more than {MOST_STEPS} steps")
    assert connections <= MOST_CONNECTIONS
    for answer in answers:
        assert isinstance(answer, ProbeAnswer)
        assert set(answer.communities) <= {"public", "private"}
        assert answer.product in PRODUCTS
