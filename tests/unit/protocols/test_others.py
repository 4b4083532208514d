"""What Javert has no name for gets none: tunnels, media, other protocols, files on their way, beginnings."""

from collections.abc import Callable

import pytest
from tests.unit.protocols.cases import CH, SH, UDP, C, Cases, H, S, be, le

from javert.protocols.interface import Verdict

Play = Callable[..., Verdict]
CASES = Cases()


CASES.add("ftp unnamed quit", "unknown", [(S, "220 ready\r\n"), (C, "QUIT\r\n")])
CASES.add(
    "ftp data listing",
    "unknown",
    [(S, "-rw-r--r-- 1 0 0 51 Jan 1 00:00 a\r\ndrwxr-xr-x 2 0 0 4096 Jan 1 00:00 b\r\n")],
)
CASES.add("ftp data file html", "unknown", [(S, "<html><body>GET / HTTP/1.1</body></html>\r\n")])
CASES.add("ftp data nlst", "unknown", [(S, "a.txt\r\nb.txt\r\nHELP\r\n")])
CASES.add("ftp data mlsd", "unknown", [(S, "type=file;size=12; a.txt\r\n")])
CASES.add("ftp data mailbox", "unknown", [(S, "From joe Mon\nReceived: x\n220 foo\n")])
CASES.add("ftp stor of smtp transcript", "unknown", [(C, "220 mx ESMTP\r\n250 ok\r\n")])
CASES.add("ftp stor of http log", "unknown", [(C, '192.0.2.1 - - [x] "GET / HTTP/1.1" 200\n')])
CASES.add("ftp stor text with USER", "unknown", [(C, "USER guide for the program\nThis is\n")])
CASES.add("data file starting HTTP", "unknown", [(C, "GET started with our program\nThis is\n")])
CASES.add("proxy v1 only", "unknown", [(C, b"PROXY TCP6 2001:db8::1 2001:db8::2 1 443\r\n")])
CASES.add("ssdp udp", "unknown", [(C, "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n")], UDP)
CASES.add("ssdp notify udp", "unknown", [(C, "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n")], UDP)
CASES.add("ssdp reply udp", "unknown", [(S, "HTTP/1.1 200 OK\r\nST: x\r\n\r\n")], UDP)
CASES.add("mysql x", "unknown", [(S, H("05000000 0b 08 05 1a00"))])
CASES.add("pg ssl no hello", "postgresql", [(C, H("0000000804d2162f")), (S, b"S")], enc="unknown")
CASES.add("mqtt bad", "unknown", [(C, b"\x10\x0c\0\4MQTX\4\2\0\x3c\0\0")])
CASES.add("mqtt-sn udp", "unknown", [(C, b"\x0a\x04\x04\x01\0\x1eabcd")], UDP)
CASES.add("cldap", "unknown", [(C, H("3084000000580201016384000000 4f") + bytes(0x4F))], UDP)
CASES.add("netbios dgram udp", "unknown", [(C, b"\x11\x02" + bytes(80) + b"\xffSMB%")], UDP)
CASES.add("syslog tcp server relp", "unknown", [(C, "1 open 85 relp_version=0\n"), (S, "1 rsp 93 200 OK\n")])
CASES.add("xml udp", "unknown", [(C, '<?xml version="1.0"?><a/>')], UDP)
CASES.add("dtls13 unified", "unknown", [(C, H("2f00010020") + bytes(32))], UDP)
CASES.add(
    "wireguard", "unknown", [(C, H("01000000") + bytes(range(144))), (S, H("02000000") + bytes(range(88)))], UDP
)
CASES.add("wireguard data", "unknown", [(C, H("04000000") + bytes(range(100)))], UDP)
CASES.add(
    "openvpn",
    "unknown",
    [(C, H("38") + bytes(range(8)) + b"\0" + be(0)), (S, H("40") + bytes(range(8)) + b"\1" + be(0))],
    UDP,
)
CASES.add(
    "openvpn tcp",
    "unknown",
    [(C, H("000e38") + bytes(range(8)) + b"\0" + be(0)), (S, H("001a40") + bytes(range(25)))],
)
CASES.add("l2tp", "unknown", [(C, H("c802006900000000000000008008000000000001") + bytes(85))], UDP)
CASES.add(
    "ike", "unknown", [(C, bytes(range(1, 9)) + bytes(8) + H("2120220800000000") + be(200) + bytes(172))], UDP
)
CASES.add(
    "ike natt",
    "unknown",
    [(C, bytes(4) + bytes(range(1, 9)) + bytes(8) + H("2120220800000000") + be(200) + bytes(172))],
    UDP,
)
CASES.add("esp natt", "unknown", [(C, be(0xC1234567) + be(1) + bytes(range(100)))], UDP)
CASES.add("stun", "unknown", [(C, H("000100002112a442") + bytes(range(12)))], UDP)
CASES.add("turn channel", "unknown", [(C, H("40000010") + bytes(16))], UDP)
CASES.add("gtpu", "unknown", [(C, H("30ff0030") + be(7) + bytes(48))], UDP)
CASES.add("gtpc", "unknown", [(C, H("48200030") + be(7) + bytes(48))], UDP)
CASES.add("vxlan", "unknown", [(C, H("0800000000000100") + bytes(60))], UDP)
CASES.add("teredo", "unknown", [(C, H("6000000000003aff") + bytes(32))], UDP)
CASES.add("ntp", "unknown", [(C, H("e30006ec") + bytes(44))], UDP)
CASES.add("dhcp", "unknown", [(C, H("01010600") + bytes(232) + H("63825363350101ff"))], UDP)
CASES.add("radius", "unknown", [(C, H("01010014") + bytes(16))], UDP)
CASES.add(
    "rtp",
    "unknown",
    [(C, H("8000000100000000deadbeef") + bytes(160)), (C, H("80000002000000a0deadbeef") + bytes(160))],
    UDP,
)
CASES.add("rtcp", "unknown", [(C, H("80c80006") + bytes(24))], UDP)
CASES.add(
    "netbios ns",
    "unknown",
    [(C, H("000101100001000000000000 20") + b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + H("0000210001"))],
    UDP,
)
CASES.add("coap", "unknown", [(C, H("40010001b474657374"))], UDP)
CASES.add("kerberos udp", "unknown", [(C, H("6a81a53081a2a103020105a20302010a") + bytes(150))], UDP)
CASES.add("kerberos tcp", "unknown", [(C, H("000000a86a81a53081a2a103020105a20302010a") + bytes(150))])
CASES.add("rdp", "unknown", [(C, H("0300002b26e00000000000") + b"Cookie: mstshash=a\r\n" + H("0100080003000000"))])
CASES.add(
    "rdp tls",
    "unknown",
    [
        (C, H("030000130ee000000000000100080003000000")),
        (S, H("030000130ed000001234000200080002000000")),
        (C, CH),
        (S, SH),
    ],
)
CASES.add("socks5", "unknown", [(C, H("050100")), (S, H("0500"))])
CASES.add("bittorrent", "unknown", [(C, b"\x13BitTorrent protocol" + bytes(48))])
CASES.add(
    "nats",
    "unknown",
    [(S, 'INFO {"server_id":"x"}\r\n'), (C, 'CONNECT {"verbose":false}\r\nPING\r\n'), (S, "PONG\r\n")],
)
CASES.add("zabbix", "unknown", [(C, b"ZBXD\x01" + le(10, 8) + b"agent.ping")])
CASES.add("rsync", "unknown", [(S, "@RSYNCD: 31.0\n"), (C, "@RSYNCD: 31.0\n")])
CASES.add("git", "unknown", [(C, "0032git-upload-pack /a.git\0host=b\0")])
CASES.add("svn", "unknown", [(S, "( success ( 2 2 ( ANONYMOUS ) ( edit-pipeline ) ) ) ")])
CASES.add("whois", "unknown", [(C, "example.org\r\n"), (S, "Domain Name: EXAMPLE.ORG\r\n")])
CASES.add("finger", "unknown", [(C, "joe\r\n"), (S, "Login: joe\r\n")])
CASES.add("gopher", "unknown", [(C, "/\r\n"), (S, "iWelcome\t\t\t\r\n")])
CASES.add("kafka", "unknown", [(C, H("0000001b0012000300000001000a") + b"consumer-1\0" + bytes(6))])
CASES.add("cassandra", "unknown", [(C, H("040000000100000016 0001000b") + b"CQL_VERSION\0\5" + b"3.0.0")])
CASES.add("oracle tns", "unknown", [(C, H("003a0000010000000136012c") + bytes(46))])
CASES.add("mssql", "unknown", [(C, H("1201003400000000") + bytes(44))])
CASES.add(
    "mssql w tls",
    "unknown",
    [(C, H("1201003400000000") + bytes(44)), (S, H("04010030") + bytes(44)), (C, H("120100d000000000") + CH)],
)
CASES.add(
    "managesieve",
    "unknown",
    [
        (S, '"IMPLEMENTATION" "Dovecot"\r\n"STARTTLS"\r\nOK "ready."\r\n'),
        (C, 'AUTHENTICATE "PLAIN" "AGEAYg=="\r\n'),
    ],
)
CASES.add("clamd", "unknown", [(C, "zPING\0"), (S, "PONG\0")])
CASES.add("beanstalk", "unknown", [(C, "stats\r\n"), (S, "OK 901\r\n")])
CASES.add("zookeeper", "unknown", [(C, "ruok"), (S, "imok")])
CASES.add("graphite", "unknown", [(C, "a.b.c 12 1600000000\n")])
CASES.add("statsd", "unknown", [(C, "a.b:1|c")], UDP)
CASES.add("lpd", "unknown", [(C, b"\x02lp\n"), (S, b"\0")])
CASES.add("ajp", "unknown", [(C, H("12340005") + b"\x02\x02\0\x08HTTP/1.1\0\0\1/")])
CASES.add("fcgi", "unknown", [(C, H("0101000100080000") + bytes(8))])
CASES.add("xmlrpc scgi", "unknown", [(C, "70:CONTENT_LENGTH\x0027\0SCGI\x001\0,")])
CASES.add("ident", "unknown", [(C, "6193, 23\r\n"), (S, "6193, 23 : USERID : UNIX : joe\r\n")])
CASES.add("daytime", "unknown", [(S, "Mon Nov 23 20:40:00 2026\r\n")])
CASES.add("teamspeak", "unknown", [(S, "TS3\n\rWelcome\n\r")])
CASES.add(
    "asterisk ami",
    "unknown",
    [(S, "Asterisk Call Manager/5.0\r\n"), (C, "Action: Login\r\nUsername: a\r\nSecret: b\r\n\r\n")],
)
CASES.add("mpd", "unknown", [(S, "OK MPD 0.23.5\n"), (C, "status\n")])
CASES.add(
    "dict",
    "unknown",
    [
        (S, "220 dict dictd 1.12 <auth.mime> <1@x>\r\n"),
        (C, "CLIENT foo\r\n"),
        (S, "250 ok\r\n"),
        (C, "DEFINE * a\r\n"),
    ],
)
CASES.add(
    "cvs pserver", "unknown", [(C, "BEGIN AUTH REQUEST\n/cvs\njoe\nAxxx\nEND AUTH REQUEST\n"), (S, "I LOVE YOU\n")]
)
# a file on its way: the first words of a sentence are no command
for sentence in (
    "HELO there my friend",
    "MAIL FROM: me to you",
    "I LOGIN now",
    "A STATUS report",
    "NOTICE: it happened",
):
    CASES.add(f"a file, {sentence!r}", "unknown", [(C, sentence + "\nand so on\n")])
CASES.add(
    "vmware, a greeting that says tls is needed",
    "unknown",
    [(S, "220 VMware Authentication Daemon Version 1.10: SSL Required\r\n"), (C, CH), (S, SH)],
)
CASES.add("socks 4, and http behind it", "unknown", [(C, H("04010050c000020100")), (S, H("005a000000000000"))])


@pytest.mark.parametrize("name", CASES)
def test_it_is_told(verdict_of: Play, name: str) -> None:
    case = CASES[name]
    verdict = verdict_of(*case.turns, **case.seen)
    assert verdict.protocol == case.protocol
    assert case.encryption in (None, verdict.encryption)
    assert case.exposed in (None, verdict.credentials_exposed)
