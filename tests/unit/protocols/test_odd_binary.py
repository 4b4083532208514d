"""Binary protocols in their rarer versions and operations."""

from collections.abc import Callable

import pytest
from tests.unit.protocols.cases import CH, SH, UDP, C, Cases, H, S, be, le

from javert.protocols.interface import Verdict

Play = Callable[..., Verdict]
CASES = Cases()


# mysql
def my(seq, body):
    return le(len(body), 3) + bytes([seq]) + body


def greet(ver=b"8.0.36", caps=0xFFFF, plugin=b"caching_sha2_password"):
    return my(
        0,
        b"\x0a"
        + ver
        + b"\0"
        + le(7)
        + b"abcdefgh\0"
        + le(caps, 2)
        + b"\xff\x02\0"
        + le(0xDFFF, 2)
        + b"\x15"
        + bytes(10)
        + b"ijklmnopqrst\0"
        + plugin
        + b"\0",
    )


login = my(
    1,
    le(0x000FA285)
    + le(1 << 24)
    + b"\x21"
    + bytes(23)
    + b"joe\0"
    + b"\x20"
    + bytes(32)
    + b"caching_sha2_password\0",
)
CASES.add(
    "mysql8",
    "mysql",
    [
        (S, greet()),
        (C, login),
        (S, my(2, b"\x01\x04")),
        (C, my(3, b"\x02")),
        (S, my(4, b"\x01-----BEGIN PUBLIC KEY-----")),
        (C, my(5, bytes(range(200, 256)) * 4)),
    ],
    cred=False,
    enc="offered-not-used",
)
CASES.add(
    "mysql8 sha2 fast",
    "mysql",
    [(S, greet()), (C, login), (S, my(2, b"\x01\x03")), (S, my(3, b"\0\0\0\2\0\0\0"))],
    cred=False,
)
CASES.add(
    "mysql proto9",
    "mysql",
    [(S, my(0, b"\x093.23.58\0" + le(7) + b"abcdefgh\0")), (C, my(1, b"\x85\x24\0\0\0joe\0xxxx"))],
)
CASES.add(
    "mysql maria", "mysql", [(S, greet(b"5.5.5-10.11.6-MariaDB", plugin=b"mysql_native_password")), (C, login)]
)
CASES.add("mysql host blocked", "mysql", [(S, my(0, b"\xff\x6a\x04Host is not allowed to connect"))])
CASES.add("mysql too many", "mysql", [(S, my(0, b"\xff\x10\x04#08004Too many connections"))])
CASES.add("mysql proxy v1", "mysql", [(C, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 3306\r\n"), (S, greet()), (C, login)])


# postgres
def pg(t, b):
    return t + be(len(b) + 4) + b


def st(b):
    return be(len(b) + 4) + b


startup = st(H("00030000") + b"user\0joe\0database\0d\0application_name\0psql\0\0")
CASES.add(
    "pg scram",
    "postgresql",
    [
        (C, startup),
        (S, pg(b"R", be(10) + b"SCRAM-SHA-256\0\0")),
        (C, pg(b"p", b"SCRAM-SHA-256\0\0\0\0\x20n,,n=,r=abc")),
    ],
    cred=False,
    enc="none",
)
CASES.add(
    "pg md5", "postgresql", [(C, startup), (S, pg(b"R", be(5) + b"salt")), (C, pg(b"p", b"md5abc\0"))], cred=False
)
CASES.add("pg cancel", "postgresql", [(C, H("0000001004d2162e") + be(7) + be(9))])
CASES.add("pg cancel long key", "postgresql", [(C, H("0000002c04d2162e") + be(7) + bytes(range(32)))])
CASES.add("pg replication", "postgresql", [(C, st(H("00030000") + b"replication\0true\0user\0r\0\0"))])
CASES.add(
    "pg gss then ssl",
    "postgresql",
    [(C, H("0000000804d21630")), (S, b"N"), (C, H("0000000804d2162f")), (S, b"S"), (C, CH), (S, SH)],
    enc="upgraded",
)
CASES.add(
    "pg gss accepted", "postgresql", [(C, H("0000000804d21630")), (S, b"G"), (C, H("000002cb6082"))], enc="upgraded"
)
CASES.add("pg direct ssl (17)", "tls", [(C, CH), (S, SH)])
CASES.add("pg proto 3.2", "postgresql", [(C, st(H("00030002") + b"user\0joe\0\0"))])
CASES.add("pg pq options first", "postgresql", [(C, st(H("00030000") + b"DateStyle\0ISO\0user\0joe\0\0"))])
CASES.add("pg _pq_", "postgresql", [(C, st(H("00030000") + b"_pq_.x\0ISO\0user\0joe\0\0"))])
CASES.add("pg clear", "postgresql", [(C, startup), (S, pg(b"R", be(3))), (C, pg(b"p", b"secret\0"))], cred=True)


# mongo
def mo(op, b, i=1, r=0):
    return le(16 + len(b)) + le(i) + le(r) + le(op) + b


doc = H("0f000000") + b"\x10hello\0" + le(1) + b"\0"
CASES.add(
    "mongo checksum",
    "mongodb",
    [(C, mo(2013, le(1) + b"\0" + doc + b"crcc")), (S, mo(2013, le(0) + b"\0" + doc, 2, 1))],
)
CASES.add("mongo exhaust", "mongodb", [(C, mo(2013, le(1 << 16) + b"\0" + doc))])
CASES.add("mongo seq", "mongodb", [(C, mo(2013, le(0) + b"\1" + le(30) + b"documents\0" + doc))])
CASES.add("mongo compressed", "mongodb", [(C, mo(2012, le(2013) + le(100) + b"\2" + bytes(40)))])
CASES.add(
    "mongo query reply",
    "mongodb",
    [
        (C, mo(2004, le(0) + b"admin.$cmd\0" + le(0) + le(-1 & 0xFFFFFFFF) + doc)),
        (S, mo(1, le(8) + le(0, 8) + le(0) + le(1) + doc, 5, 1)),
    ],
)
CASES.add(
    "mongo big id",
    "mongodb",
    [
        (C, mo(2013, le(0) + b"\0" + doc, 0x7FFFFFF1)),
    ],
)
# amqp
CASES.add("amqp 091", "amqp", [(C, b"AMQP\0\0\x09\x01"), (S, H("01000000000004000a000a00ce"))])
CASES.add("amqp 010", "amqp", [(C, b"AMQP\x01\x01\x00\x0a"), (S, b"AMQP\x01\x01\x00\x0a")])
CASES.add(
    "amqp 10 sasl",
    "amqp",
    [
        (C, b"AMQP\x03\x01\x00\x00"),
        (S, b"AMQP\x03\x01\x00\x00"),
        (C, H("0000002702010000") + b"\x00\x53\x41\xc0\x17\x03\xa3\x05PLAIN\xa0\x0a\0joe\0secre@"),
    ],
    cred=True,
)
CASES.add("amqp wrong version reply", "amqp", [(C, b"AMQP\x01\x01\x00\x0a"), (S, b"AMQP\0\0\x09\x01")])
CASES.add(
    "amqp PLAIN in server list only",
    "amqp",
    [
        (C, b"AMQP\0\0\x09\x01"),
        (S, H("01000000000020000a000a0009") + bytes(4) + b"\0\0\0\x0ePLAIN AMQPLAIN\0\0\0\5en_US\xce"),
    ],
    cred=False,
)


# mqtt
def mq(name, level, flags, rest=b"\0\x3c\0\1a"):
    b = be(len(name), 2) + name + bytes([level, flags]) + rest
    return b"\x10" + bytes([len(b)]) + b


CASES.add("mqtt 31", "mqtt", [(C, mq(b"MQIsdp", 3, 2)), (S, H("20020000"))])
CASES.add("mqtt 5", "mqtt", [(C, mq(b"MQTT", 5, 2, b"\0\x3c\0\0\1a")), (S, H("2003000000"))])
CASES.add("mqtt bridge", "mqtt", [(C, mq(b"MQTT", 0x84, 2))])
CASES.add("mqtt user only", "mqtt", [(C, mq(b"MQTT", 4, 0x82))], cred=False)
# ldap
CASES.add(
    "ldap controls",
    "ldap",
    [
        (
            C,
            H("3025 020102 6003 020103")[:2]
            + H("020102")
            + H("600702010304008000")
            + H("a017 3015 0413")
            + b"1.2.840.113556.1.4.8",
        ),
    ],
)
search = H("3025020102632004000a01000a0100020100020100010100870b6f626a656374436c6173733000")
CASES.add("ldap search first", "ldap", [(C, search), (S, H("300c02010265070a010004000400"))])
CASES.add(
    "ldap long lengths",
    "ldap",
    [(C, H("30840000001a0201016084000000110201030400a38400000008") + b"\x04\x06GSSAPI")],
)
CASES.add("ldap v2", "ldap", [(C, H("300c020101600702010204008000")), (S, H("300c02010161070a010004000400"))])
CASES.add("ldap unbind only", "ldap", [(C, H("30050201034200"))])
CASES.add(
    "ldap notice of disconnection", "ldap", [(S, H("3024020100781f0a0134040004008a16") + b"1.3.6.1.4.1.1466.20036")]
)


# snmp
def snmp(ver, pdu):
    b = b"\x02\x01" + bytes([ver]) + b"\x04\x06public" + pdu
    return b"\x30" + bytes([len(b)]) + b


def pd(tag):
    return bytes([tag]) + H("19020101020100020100300e300c06082b060102010101000500")


for n, tag in (
    ("get", 0xA0),
    ("next", 0xA1),
    ("resp", 0xA2),
    ("set", 0xA3),
    ("bulk", 0xA5),
    ("inform", 0xA6),
    ("trap2", 0xA7),
):
    CASES.add("snmp " + n, "snmpv2c", [(C, snmp(1, pd(tag)))], UDP)
CASES.add(
    "snmp trap1",
    "snmpv1",
    [(C, snmp(0, H("a4 19 0606 2b0601040102 4004 c0000201 020106 020111 4301 05 3000")))],
    UDP,
)
CASES.add("snmp 2u?", "unknown", [(C, snmp(2, pd(0xA0)))], UDP)
CASES.add(
    "snmp long form",
    "snmpv2c",
    [
        (
            C,
            H("3082002a020101")
            + b"\x04\x06public"
            + H("a082001b0201010201000201003082000e300c06082b060102010101000500"),
        )
    ],
    UDP,
)
CASES.add(
    "snmp empty community",
    "snmpv2c",
    [(C, H("30200201010400") + pd(0xA0)[:2] + H("020101020100020100300e300c06082b060102010101000500"))],
    UDP,
)


# nfs
def rpc(prog, ver, proc, flavor=1, body=bytes(20)):
    return be(9) + be(0) + be(2) + be(prog) + be(ver) + be(proc) + be(flavor) + be(len(body)) + body + be(0) + be(0)


def mk(m):
    return be(0x80000000 | len(m)) + m


for prog, ver, proc in (
    (100000, 2, 3),
    (100000, 4, 4),
    (100003, 2, 1),
    (100003, 3, 0),
    (100003, 4, 1),
    (100005, 3, 1),
    (100021, 4, 2),
    (100024, 1, 1),
    (100227, 3, 0),
    (100011, 1, 1),
):
    CASES.add(f"rpc {prog} {ver}", "nfs", [(C, rpc(prog, ver, proc))], UDP)
    CASES.add(f"rpc tcp {prog} {ver}", "nfs", [(C, mk(rpc(prog, ver, proc)))])
CASES.add("rpc nis", "unknown", [(C, rpc(100004, 2, 3))], UDP)
CASES.add("rpc multi fragment", "nfs", [(C, be(60) + rpc(100003, 3, 0)[:60] + be(0x80000004) + b"abcd")])
CASES.add(
    "nfs sec krb5i",
    "nfs",
    [(C, mk(rpc(100003, 4, 1, 6, be(1) + be(0) + be(1) + be(2) + be(4) + b"abcd")))],
    enc="none",
)
CASES.add(
    "nfs krb5p init then priv",
    "nfs",
    [
        (
            C,
            mk(rpc(100003, 4, 0, 6, be(1) + be(1) + be(0) + be(1) + be(0)))
            + mk(rpc(100003, 4, 1, 6, be(1) + be(0) + be(1) + be(3) + be(4) + b"abcd")),
        )
    ],
    enc="full",
)
CASES.add(
    "nfs krb5p null first",
    "nfs",
    [
        (
            C,
            mk(rpc(100003, 4, 0, 0, b""))
            + mk(rpc(100003, 4, 1, 6, be(1) + be(0) + be(1) + be(3) + be(4) + b"abcd")),
        )
    ],
    enc="full",
)
CASES.add(
    "nfs tls accepted",
    "nfs",
    [
        (C, mk(rpc(100003, 4, 0, 7, b""))),
        (S, mk(be(9) + be(1) + be(0) + be(0) + be(8) + b"STARTTLS" + be(0))),
        (C, CH),
        (S, SH),
    ],
    enc="upgraded",
)


# smb
def nb(m):
    return be(len(m)) + m


def smbh(c):
    return b"\xffSMB" + bytes([c]) + bytes(27)


CASES.add(
    "smb1 core dialects",
    "smb1",
    [
        (C, nb(smbh(0x72) + b"\0\x77\0\x02PC NETWORK PROGRAM 1.0\0\x02LANMAN1.0\0\x02NT LM 0.12\0")),
        (S, nb(smbh(0x72) + b"\x11\x02\0\x03" + bytes(50))),
    ],
)
CASES.add(
    "smb1 then 2",
    "unknown",
    [(C, nb(smbh(0x72) + b"\0\x77\0\x02NT LM 0.12\0\x02SMB 2.???\0")), (S, nb(b"\xfeSMB" + bytes(80)))],
)
CASES.add("smb2 direct", "unknown", [(C, nb(b"\xfeSMB" + bytes(80))), (S, nb(b"\xfeSMB" + bytes(80)))])
CASES.add("smb3 encrypted", "unknown", [(C, nb(b"\xfdSMB" + bytes(80)))])
# tftp
CASES.add("tftp rrq", "tftp", [(C, b"\0\1pxelinux.0\0octet\0tsize\x000\0blksize\x001456\0")], UDP)
CASES.add("tftp mixed case", "tftp", [(C, b"\0\1a\0OcTeT\0")], UDP)
CASES.add("tftp utf8 name", "tftp", [(C, b"\0\2" + "é.txt".encode() + b"\0octet\0")], UDP)
CASES.add(
    "tftp data new port",
    "tftp",
    [(C, b"\0\3\0\1" + bytes(512)), (S, b"\0\4\0\1"), (C, b"\0\3\0\2" + bytes(10)), (S, b"\0\4\0\2")],
    UDP,
)
CASES.add(
    "tftp oack",
    "tftp",
    [(C, b"\0\6blksize\x001456\0tsize\x0012\0"), (S, b"\0\4\0\0"), (C, b"\0\3\0\1" + bytes(1456))],
    UDP,
)
CASES.add("tftp ack0 first write", "tftp", [(C, b"\0\4\0\0"), (S, b"\0\3\0\1" + bytes(512)), (C, b"\0\4\0\1")], UDP)
CASES.add(
    "tftp windowsize",
    "tftp",
    [(C, b"\0\3\0\1" + bytes(512)), (C, b"\0\3\0\2" + bytes(512)), (C, b"\0\3\0\3" + bytes(512)), (S, b"\0\4\0\3")],
    UDP,
)
# vnc
for ver in ("003.003", "003.007", "003.008", "003.889", "004.001", "005.000"):
    CASES.add(
        "vnc " + ver,
        "vnc",
        [(S, f"RFB {ver}\n"), (C, "RFB 003.003\n"), (S, be(2) + bytes(16)), (C, bytes(16))],
        enc="none",
    )
CASES.add(
    "vnc ra2 (RealVNC enc)", "vnc", [(S, "RFB 004.001\n"), (C, "RFB 004.001\n"), (S, b"\x02\x05\x06"), (C, b"\x05")]
)
CASES.add("vnc ard", "vnc", [(S, "RFB 003.889\n"), (C, "RFB 003.889\n"), (S, b"\x01\x1e"), (C, b"\x1e")])
CASES.add(
    "vnc vencrypt plain tls",
    "vnc",
    [
        (S, "RFB 003.008\n"),
        (C, "RFB 003.008\n"),
        (S, b"\x01\x13"),
        (C, b"\x13"),
        (S, b"\0\2"),
        (C, b"\0\2"),
        (S, b"\0\1" + be(256)),
        (C, be(256)),
    ],
    cred=True,
)
CASES.add("vnc failed", "vnc", [(S, "RFB 003.008\n"), (C, "RFB 003.008\n"), (S, b"\0" + be(5) + b"sorry")])
EARLY = my(0, b"\x0a4.0.30\0" + le(7) + b"abcdefgh\0" + le(0x082C, 2) + bytes(20))
CASES.add("mysql 4.0 with ssl", "mysql", [(S, EARLY), (C, my(1, H("0008000000")) + CH), (S, SH)], enc="upgraded")
CASES.add("mysql 4.0", "mysql", [(S, EARLY), (C, my(1, H("2400000000") + b"joe\0pw"))], enc="offered-not-used")


@pytest.mark.parametrize("name", CASES)
def test_it_is_told(verdict_of: Play, name: str) -> None:
    case = CASES[name]
    verdict = verdict_of(*case.turns, **case.seen)
    assert verdict.protocol == case.protocol
    assert case.encryption in (None, verdict.encryption)
    assert case.exposed in (None, verdict.credentials_exposed)
