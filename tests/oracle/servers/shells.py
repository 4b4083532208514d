"""What inetd starts: Telnet and the r-commands, and its own small services. And OpenSSH."""

from functools import partial

from tests.oracle.servers.place import UNPACKED, Spot
from tests.oracle.servers.records import Acceptance, Expected, ProbeOutcome, Server, Service, Where, answer


def _start_inetd(lines: str, spot: Spot) -> None:
    pid = spot.directory / "pid"
    spot.start(
        "inetutils-inetd",
        "-d",
        f"--pidfile={pid}",
        spot.configure("inetd.conf", lines, netkit=UNPACKED / "rsh-server/usr/sbin"),
    )


def _start_sshd(spot: Spot) -> None:
    key = spot.directory / "host_key"
    spot.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    spot.run("mkdir", "-p", "/run/sshd")
    options = (f"ListenAddress={spot.address}", f"HostKey={key}", "PidFile=none", "UseDNS=no")
    spot.start("/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", spot.port, *(f"-o{each}" for each in options))


def inetd(
    software: str, variant: str, lines: str, *services: tuple[int, Expected], where: Where = Where.LOOPBACK
) -> Server:
    start = partial(_start_inetd, lines)
    return Server(software, variant, start, tuple(Service(*each) for each in services), where)


def sshd(variant: str, port: int, where: Where = Where.LOOPBACK) -> Server:
    services = (Service(port, (answer("ssh", Acceptance.TLS_ONLY, "OpenSSH"),)),)
    return Server("OpenSSH", variant, _start_sshd, services, where)


def clear(protocol: str) -> Expected:
    return (answer(protocol, Acceptance.CLEARTEXT_ONLY),)


SLOW_TO_HANG_UP = frozenset({ProbeOutcome.HUNG_UP, ProbeOutcome.SILENT})
"""It hangs up when it has looked for the client's name: as fast as the machine lets it."""

REDONE = (
    "$address:login stream tcp nowait root /usr/sbin/in.rlogind in.rlogind\n"
    "$address:shell stream tcp nowait root /usr/sbin/in.rshd in.rshd"
)

SERVERS = (
    inetd(
        "inetutils-telnetd",
        "through inetd",
        "$address:telnet stream tcp nowait root /usr/sbin/telnetd telnetd",
        (23, clear("telnet")),
    ),
    inetd(
        "inetutils-telnetd",
        "on another port",
        "$address:2323 stream tcp nowait root /usr/sbin/telnetd telnetd",
        (2323, clear("telnet")),
    ),
    inetd(
        "rsh-redone",
        "through inetd",
        REDONE,
        (513, clear("rlogin")),
        (514, clear("rsh")),
        where=Where.LOCALHOST,
    ),
    inetd(
        "rsh-redone",
        "through inetd, at an address without a name",  # they serve nobody whose address has none
        REDONE,
        (513, SLOW_TO_HANG_UP),
        (514, SLOW_TO_HANG_UP),
    ),
    inetd(
        "netkit rsh-server",
        "through inetd",
        "$address:login stream tcp nowait root $netkit/in.rlogind in.rlogind\n"
        "$address:shell stream tcp nowait root $netkit/in.rshd in.rshd\n"
        "$address:exec stream tcp nowait root $netkit/in.rexecd in.rexecd",
        (512, clear("rexec")),
        (513, clear("rlogin")),
        (514, clear("rsh")),
    ),
    inetd(
        "inetd's own services",
        "echo, discard, daytime, chargen",
        "\n".join(
            f"$address:{name} stream tcp nowait root internal" for name in ("echo", "discard", "daytime", "chargen")
        ),
        (7, ProbeOutcome.UNRECOGNISED),
        (9, ProbeOutcome.SILENT),
        (13, ProbeOutcome.UNRECOGNISED),
        (19, frozenset({ProbeOutcome.FLOODED, ProbeOutcome.UNRECOGNISED})),
    ),
    sshd("its usual port", 22),
    sshd("on Telnet's port", 23),
    sshd("on HTTPS' port", 443),
    sshd("127.0.0.1 of the machine", 22, Where.HOST),
)
