"""Terminals, logs, TLS and its kin in their rarer versions."""

from collections.abc import Callable

import pytest
from tests.unit.protocols.cases import CH, SH, UDP, C, Cases, H, S

from javert.protocols.interface import Verdict

Play = Callable[..., Verdict]
CASES = Cases()


# telnet
CASES.add(
    "telnet no negotiation",
    "telnet",
    [
        (S, "\r\nUser Access Verification\r\n\r\nUsername: "),
        (C, "joe\r\n"),
        (S, "joe\r\nPassword: "),
        (C, "x\r\n"),
        (S, "\r\nsw>"),
    ],
    cred=True,
)
CASES.add("telnet greeting", "telnet", [(S, b"\xff\xfb\x01\xff\xfb\x03\r\nlogin: ")])
CASES.add("telnet neg late", "telnet", [(S, b"Welcome\r\n\xff\xfb\x01\xff\xfb\x03login: ")])
CASES.add("telnet client first", "telnet", [(C, b"\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f")])
CASES.add(
    "telnet starttls",
    "telnet",
    [
        (S, b"\xff\xfd\x2e"),
        (C, b"\xff\xfb\x2e\xff\xfa\x2e\x01\xff\xf0"),
        (S, b"\xff\xfa\x2e\x01\xff\xf0"),
        (C, CH),
        (S, SH),
    ],
    enc="upgraded",
)
CASES.add(
    "telnet tn3270", "telnet", [(S, b"\xff\xfd\x28"), (C, b"\xff\xfb\x28"), (S, b"\xff\xfa\x28\x08\x02\xff\xf0")]
)
CASES.add("telnet comport", "telnet", [(C, b"\xff\xfb\x2c"), (S, b"\xff\xfd\x2c")])
CASES.add("telnet ayt", "telnet", [(S, b"\xff\xfd\x18"), (C, b"\xff\xf6")])
# rlogin etc
CASES.add("rlogin", "rlogin", [(C, b"\0joe\0root\0xterm-256color/38400\0"), (S, b"\0")])
CASES.add("rlogin split nul", "rlogin", [(C, b"\0"), (C, b"joe\0root\0linux/9600\0"), (S, b"\0")])
CASES.add("rsh no stderr", "rsh", [(C, b"0\0joe\0root\0ls\0"), (S, b"\0")], port=514)
CASES.add("rsh err", "rsh", [(C, b"1022\0joe\0root\0ls\0"), (S, b"\1Permission denied.\n")])
CASES.add("rcp", "rsh", [(C, b"1022\0joe\0root\0rcp -f a\0"), (S, b"\0")])
CASES.add("rexec", "rexec", [(C, b"0\0joe\0sEcret!\0ls\0"), (S, b"\0")], port=512)
# syslog
CASES.add("syslog octet", "syslog", [(C, "40 <13>1 2020-01-01T00:00:00Z a b c - - hi..")])
CASES.add("syslog tcp lf", "syslog", [(C, "<13>Jan 1 00:00:00 a b: c\n")])
CASES.add("syslog no space", "syslog", [(C, "<13>hello")], UDP)
CASES.add("syslog cisco", "syslog", [(C, "<189>49: *Mar 1 00:00: %SYS-5")], UDP)
CASES.add("syslog bom", "syslog", [(C, b"<13>1 - - - - - - \xef\xbb\xbfhi")], UDP)
# tls
for ver in ("0300", "0301", "0302", "0303"):
    CASES.add("tls " + ver, "tls", [(C, H("16" + ver) + CH[3:]), (S, SH)])
CASES.add("tls fragmented hello", "tls", [(C, H("1603010003") + b"\x01\0\0" + H("16030100c5") + CH[8:])])
CASES.add(
    "sslv2",
    "tls",
    [
        (
            C,
            H("802e0100020015000000 10")
            + H("0100800300800500800600400700c0")
            + H("020080")
            + H("040080")
            + bytes(16),
        )
    ],
)
CASES.add("sslv2 3.1", "tls", [(C, H("804301030100 2a00000010") + bytes(0x2A) + bytes(16)), (S, SH)])
CASES.add("tls alert only server", "tls", [(C, CH), (S, H("15030100020246"))])
CASES.add("tls to http server", "http", [(C, CH), (S, "HTTP/1.1 400 Bad Request\r\n\r\n")])
CASES.add(
    "tls mid",
    "tls",
    [(C, H("1703030020") + bytes(32) + H("1703030020") + bytes(32)), (S, H("1703030040") + bytes(64))],
    mid=True,
)
CASES.add("tls to smtp", "smtp", [(C, CH), (S, "220 a ESMTP\r\n500 bad\r\n")])
# quic, dtls
CASES.add("quic v1", "quic", [(C, H("c300000001088394c8f03e5157080000449e") + bytes(1180))], UDP)
CASES.add("gquic 43", "quic", [(C, H("0d8394c8f03e515708") + b"Q043\x01" + bytes(60))], UDP)
CASES.add("quic 0rtt", "quic", [(C, H("d300000001088394c8f03e51570800449e") + bytes(1180))], UDP)
for n, ver in (("10", "feff"), ("12", "fefd")):
    CASES.add(
        "dtls" + n,
        "dtls",
        [(C, H("16" + ver + "000000000000000000360100002a000000000000002afefd") + bytes(40))],
        UDP,
    )
# udp tunnels
CASES.add(
    "dns tcp", "dns", [(C, H("001d12340100000100000000000003777777076578616d706c6503636f6d") + H("0000010001"))]
)
CASES.add(
    "dns tcp two segs",
    "dns",
    [(C, H("0021")), (C, H("12340100000100000000000003777777076578616d706c65036f72670000010001"))],
)
CASES.add("axfr", "dns", [(C, H("001d00010000000100000000000007") + b"example" + H("036f7267 0000fc0001"))])
CASES.add("ssh", "ssh", [(S, "SSH-2.0-x\r\n"), (C, CH)])
CASES.add("ssh 1.99", "ssh", [(S, "SSH-1.99-x\n")])
CASES.add("ssh banner lines", "ssh", [(S, "hello\r\nNOTICE\r\nSSH-2.0-x\r\n")])
# found by changing the code
CASES.add(
    "telnet whose prompt nobody answered",
    "telnet",
    [(S, b"\xff\xfd\x18"), (C, b"\xff\xfc\x18"), (S, "login: timed out\r\n")],
    cred=False,
)
CASES.add(
    "telnet without a prompt",
    "telnet",
    [(S, b"\xff\xfd\x18"), (C, b"\xff\xfc\x18hello\r\n"), (S, "> ")],
    cred=False,
)


@pytest.mark.parametrize("name", CASES)
def test_it_is_told(verdict_of: Play, name: str) -> None:
    case = CASES[name]
    verdict = verdict_of(*case.turns, **case.seen)
    assert verdict.protocol == case.protocol
    assert case.encryption in (None, verdict.encryption)
    assert case.exposed in (None, verdict.credentials_exposed)
