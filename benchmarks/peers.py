"""What tshark and nDPI say of the flows of a capture, in the words of the labels."""

import csv
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.labelled_captures import NOTHING, Answer, Ends, better, end

TSHARK_NAMES = {
    "ftp": "ftp", "telnet": "telnet", "rlogin": "rlogin", "rsh": "rsh", "exec": "rexec", "http": "http",
    "http2": "http", "websocket": "http", "imap": "imap", "pop": "pop3", "smtp": "smtp", "tftp": "tftp",
    "ldap": "ldap",
    "nntp": "nntp", "irc": "irc", "vnc": "vnc", "mysql": "mysql", "pgsql": "postgresql", "resp": "redis",
    "mongo": "mongodb", "mqtt": "mqtt", "amqp": "amqp", "sip": "sip", "rtsp": "rtsp", "syslog": "syslog",
    "portmap": "nfs", "nfs": "nfs", "mount": "nfs", "nlm": "nfs", "rpc": "nfs", "smb": "smb1", "ssh": "ssh",
    "quic": "quic",
    "gquic": "quic", "dtls": "dtls", "dns": "dns", "mdns": "dns", "llmnr": "dns", "tls": "tls",
}  # fmt: skip
SNMP_VERSIONS = {"0": "snmpv1", "1": "snmpv2c", "3": "snmpv3"}
# ndpiReader names no version of SNMP; its answer counts as the commonest.
NDPI_NAMES = {
    "FTP_CONTROL": "ftp", "Telnet": "telnet", "RSH": "rsh", "HTTP": "http", "HTTP_Proxy": "http",
    "HTTP_Connect": "http",
    "IMAP": "imap", "POP3": "pop3", "SMTP": "smtp", "TFTP": "tftp", "LDAP": "ldap", "Usenet": "nntp", "IRC": "irc",
    "VNC": "vnc", "MySQL": "mysql", "PostgreSQL": "postgresql", "Redis": "redis", "MongoDB": "mongodb",
    "MQTT": "mqtt",
    "AMQP": "amqp", "SIP": "sip", "RTSP": "rtsp", "Syslog": "syslog", "NFS": "nfs", "SMBv1": "smb1", "SSH": "ssh",
    "QUIC": "quic", "DTLS": "dtls", "DNS": "dns", "MDNS": "dns", "LLMNR": "dns", "TLS": "tls", "SNMP": "snmpv2c",
}  # fmt: skip
NDPI_UPGRADED = {"IMAPS": "imap", "POPS": "pop3", "SMTPS": "smtp", "FTPS": "ftp"}
ENCRYPTED = {"tls", "ssh", "quic", "dtls"}
FIELDS = (
    "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport",
    "udp.dstport", "snmp.version", "snmp.msgVersion",
)  # fmt: skip


def installed() -> list[str]:
    """The peers that are there."""
    return [name for name, program in (("tshark", "tshark"), ("nDPI", "ndpiReader")) if shutil.which(program)]


def tshark(capture: Path) -> dict[Ends, Answer]:
    """tshark's answers: the protocols it dissected in each flow; TLS beside another of them is an upgrade."""
    command = ["tshark", "-r", str(capture), "-T", "fields", "-E", "occurrence=l"]
    command += [part for field in FIELDS for part in ("-e", field)]
    output = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace").stdout
    seen: dict[Ends, set[str]] = {}
    for line in output.splitlines():
        protocols, *values = (line.split("\t") + [""] * len(FIELDS))[: len(FIELDS)]
        ip4, ip6, tcp, udp, version = values[0:2], values[2:4], values[4:6], values[6:8], values[8] or values[9]
        ports, transport = (tcp, "tcp") if tcp[0] else (udp, "udp")
        addresses = ip6 if ip6[0] and protocols.rfind(":ipv6") > protocols.rfind(":ip:") else ip4
        if not ports[0] or not addresses[0]:
            continue
        ends = frozenset(end(address, int(port)) for address, port in zip(addresses, ports, strict=True))
        names = {TSHARK_NAMES[name] for name in protocols.split(":") if name in TSHARK_NAMES}
        if ":snmp" in protocols:
            names.add(SNMP_VERSIONS.get(version, "snmpv2c"))
        seen.setdefault((transport, ends), set()).update(names)
    return {ends: _tshark_answer(names) for ends, names in seen.items()}


def _tshark_answer(names: set[str]) -> Answer:
    if not names:
        return NOTHING
    own = sorted(names - {"tls"})
    if not own:
        return Answer("tls", "yes")
    if own[0] in ENCRYPTED:
        return Answer(own[0], "yes")
    return Answer(own[0], "upgraded" if "tls" in names else "no")


def ndpi(capture: Path) -> dict[Ends, Answer]:
    """nDPI's answers: ndpiReader's last word on each flow."""
    found: dict[Ends, Answer] = {}
    with tempfile.NamedTemporaryFile(mode="r", suffix=".csv", errors="replace") as table:
        command = ["ndpiReader", "-i", str(capture), "-C", table.name, "-q", "-t"]
        subprocess.run(command, capture_output=True, check=False)
        for row in csv.DictReader(table):
            if row.get("protocol") not in ("6", "17") or not row.get("ndpi_proto"):
                continue
            ends = frozenset((end(row["src_ip"], int(row["src_port"])), end(row["dst_ip"], int(row["dst_port"]))))
            key = ("tcp" if row["protocol"] == "6" else "udp", ends)
            found[key] = better(found.get(key, NOTHING), _ndpi_answer(row["ndpi_proto"]))
    return found


def _ndpi_answer(name: str) -> Answer:
    for part in name.split("."):
        if part in NDPI_UPGRADED:
            return Answer(NDPI_UPGRADED[part], "upgraded")
        if part in NDPI_NAMES:
            protocol = NDPI_NAMES[part]
            return Answer(protocol, "yes" if protocol in ENCRYPTED else "no")
    return NOTHING
