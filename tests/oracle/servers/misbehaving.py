"""Services that answer nothing, or nothing that is of use; and TLS on ports that are not its own."""

import sys
from functools import partial
from pathlib import Path

from tests.oracle.servers.place import Spot
from tests.oracle.servers.records import (
    Acceptance,
    Expected,
    ProbeOutcome,
    Server,
    Service,
    Transport,
    Where,
    answer,
)


def _misbehave(how: str, spot: Spot) -> None:
    spot.start(sys.executable, Path(__file__).with_name("misbehave.py"), spot.address, spot.port, how)


def _start_s_server(options: tuple[str, ...], spot: Spot) -> None:
    files = ("-cert", spot.certificate, "-key", spot.key)
    spot.start("openssl", "s_server", "-quiet", "-accept", f"{spot.address}:{spot.port}", *files, *options)


def bad(
    how: str,
    expected: Expected,
    port: int = 7000,
    transport: Transport = Transport.TCP,
    where: Where = Where.LOOPBACK,
) -> Server:
    words = how.replace("_", " ").replace("tls", "TLS")
    place = f", {transport.upper()} {port}" + (" of the machine" if where is Where.HOST else "")
    return Server(
        "a test server", words + place, partial(_misbehave, how), (Service(port, expected, transport),), where
    )


def s_server(variant: str, port: int, *options: str) -> Server:
    expected = (answer("tls", Acceptance.TLS_ONLY),)
    return Server("OpenSSL s_server", variant, partial(_start_s_server, options), (Service(port, expected),))


SMTP = (answer("smtp", Acceptance.CLEARTEXT_ONLY),)
TURNED_AWAY = (answer("smtp", Acceptance.UNDECIDED),)
SOME_TLS = (answer("tls", Acceptance.TLS_ONLY),)

SERVERS = (
    s_server("TLS on Telnet's port", 23),
    s_server("TLS on SMTP's port", 25),
    s_server("TLS 1.3 only", 9443, "-tls1_3"),
    s_server("TLS 1.0 only", 9443, "-tls1", "-cipher", "ALL:@SECLEVEL=0"),
    bad("silent", ProbeOutcome.SILENT),
    bad("silent", ProbeOutcome.SILENT, where=Where.HOST),
    bad("silent", ProbeOutcome.SILENT, 80),
    bad("silent", ProbeOutcome.SILENT, 25),
    bad("hangs_up", ProbeOutcome.HUNG_UP),
    bad("resets", ProbeOutcome.HUNG_UP),
    bad("hangs_up_when_asked", ProbeOutcome.HUNG_UP),
    bad("resets_when_asked", ProbeOutcome.HUNG_UP),
    bad("never_accepts", ProbeOutcome.REFUSED),
    bad("garbage", ProbeOutcome.UNRECOGNISED),
    bad("garbage", ProbeOutcome.UNRECOGNISED, 443),
    bad("garbage_when_asked", ProbeOutcome.UNRECOGNISED),
    bad("zeros_when_asked", ProbeOutcome.UNRECOGNISED),
    bad("echoes", ProbeOutcome.UNRECOGNISED),
    bad("echoes", ProbeOutcome.UNRECOGNISED, 80),
    bad("floods", ProbeOutcome.FLOODED),
    bad("floods", ProbeOutcome.FLOODED, 21),
    bad("floods_with_lines", frozenset({ProbeOutcome.FLOODED, ProbeOutcome.UNRECOGNISED})),
    bad("drips", ProbeOutcome.UNRECOGNISED),
    bad("drips_a_greeting", ProbeOutcome.UNRECOGNISED),
    bad("closes_within_tls", ProbeOutcome.UNRECOGNISED),
    bad("stalls_within_tls", ProbeOutcome.UNRECOGNISED),
    bad("alerts", SOME_TLS),
    bad("greets_and_hangs_up", TURNED_AWAY),
    bad("greets_and_hangs_up", TURNED_AWAY, 25),
    bad("offers_tls_that_fails", SMTP, 25),
    bad("answers_datagrams_with_garbage", ProbeOutcome.UNRECOGNISED, 161, Transport.UDP),
    bad("answers_datagrams_with_garbage", ProbeOutcome.UNRECOGNISED, 69, Transport.UDP),
    bad("never_answers_datagrams", ProbeOutcome.SILENT, 161, Transport.UDP),
)
