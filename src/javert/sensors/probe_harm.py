"""Services that a question, or the connection alone, would harm, and ways to other machines: they are not asked."""

from collections.abc import Sequence

HARMED_PORTS = frozenset(range(9100, 9108))
"""Printers there put on paper whatever comes (JetDirect and its multi-port servers)."""

_ONE_CLIENT = frozenset({"nc", "nc.openbsd", "nc.traditional", "netcat", "ncat"})
"""Programs that serve one client and end: asking them would end them."""
_DEBUGGERS = frozenset({"gdbserver", "lldb-server", "openocd", "st-util", "JLinkGDBServer"})
"""They stop what they debug when a client comes."""
_WIRES = frozenset({"ipp-usb", "p910nd", "remserial", "ser2net"})
"""They hand what comes to a printer or to a serial line, and whatever is at its end."""
_VIRTUAL_MACHINES = ("qemu-", "kvm")
_SCREENS = range(5900, 6000)
"""Where virtual machines show their screens. At other ports of theirs wait a debugger, which stops the machine when
a client comes, and a migration, which fails if that is not the other host (QEMU's manual, -gdb and -incoming)."""
_TUNNEL, _TUNNEL_ENDS = "ssh", frozenset({"sshd", "sshd-session"})
_CONNECTED, _LISTENER = ("sshd: ", "sshd-session: "), "[listener]"


def harms(program: str, arguments: Sequence[str], port: int) -> bool:
    """Whether a TCP service had better not be asked.

    Args:
        program: base name of the executable that holds the socket; "" where unknown.
        arguments: its command line, argv[0] first; empty where unknown.
        port: at which it listens.
    """
    if port in HARMED_PORTS or program in _ONE_CLIENT | _DEBUGGERS | _WIRES:
        return True
    if program == "socat":
        return not _serves_many(arguments)
    if program.startswith(_VIRTUAL_MACHINES):
        return port not in _SCREENS
    return program == _TUNNEL or (program in _TUNNEL_ENDS and _is_tunnel_end(arguments))


def _serves_many(arguments: Sequence[str]) -> bool:
    """Whether socat goes on listening after the first client, and hands no device what that says.

    It does if the address that listens says "fork"; the keyword tells which does (socat(1): TCP-LISTEN, SSL-L …).
    """
    keywords = {one: one.partition(":")[0].lower() for one in arguments[1:]}
    listening = [one for one, keyword in keywords.items() if "listen" in keyword or keyword.endswith("-l")]
    devices = any("/dev/" in one for one in arguments[1:])
    return bool(listening) and not devices and all("fork" in one.split(",")[1:] for one in listening)


def _is_tunnel_end(arguments: Sequence[str]) -> bool:
    """Whether sshd serves one who logged in: what it listens on then leads to that one's machine (ssh -R, -X)."""
    return bool(arguments) and arguments[0].startswith(_CONNECTED) and _LISTENER not in arguments[0]
