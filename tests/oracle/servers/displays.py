"""VNC, X11 and TFTP: what anybody may watch or fetch."""

from functools import partial

from tests.oracle.servers.place import Spot
from tests.oracle.servers.records import (
    Acceptance,
    Authentication,
    Expected,
    Server,
    Service,
    Transport,
    Where,
    answer,
)

PASSWORD_FILE = bytes.fromhex("dbd83cfd727a1458")
"""A VNC password as vncpasswd(1) writes it."""


def _start_vnc(security: str, spot: Spot) -> None:
    password = spot.directory / "passwd"
    password.write_bytes(PASSWORD_FILE)
    certificate = (f"-X509Cert={spot.certificate}", f"-X509Key={spot.key}") if "X509" in security else ()
    options = ("-interface", spot.address, "-rfbport", spot.port, "-geometry", "64x64", "-nolisten", "local")
    files = (f"-PasswordFile={password}", *certificate)
    spot.start("Xtigervnc", f":{spot.number}", *options, f"-SecurityTypes={security}", *files)


def _start_x11(access: str, spot: Spot) -> None:
    if access == "-auth":
        cookies = spot.directory / "cookies"
        cookies.touch()
        spot.run("xauth", "-f", cookies, "add", f":{spot.port - 6000}", ".", "0123456789abcdef0123456789abcdef")
        options = ("-auth", cookies)
    else:
        options = ("-ac",)
    spot.start("Xvfb", f":{spot.port - 6000}", "-listen", "tcp", "-screen", 0, "64x64x8", *options)


def _start_tftpd(spot: Spot) -> None:
    files = spot.directory / "files"
    files.mkdir()
    spot.start(
        "in.tftpd", "--foreground", "--listen", "--address", f"{spot.address}:{spot.port}", "--secure", files
    )


def vnc(
    variant: str, acceptance: Acceptance, authentication: Authentication, security: str, port: int = 5900
) -> Server:
    expected = (answer("vnc", acceptance, authentication=authentication),)
    return Server("TigerVNC", variant, partial(_start_vnc, security), (Service(port, expected),))


def x11(variant: str, authentication: Authentication, access: str, port: int) -> Server:
    expected: Expected = (answer("x11", Acceptance.CLEARTEXT_ONLY, authentication=authentication),)
    return Server("Xvfb", variant, partial(_start_x11, access), (Service(port, expected),), Where.ANY)


def tftpd(variant: str, port: int) -> Server:
    expected = (answer("tftp", Acceptance.CLEARTEXT_ONLY, authentication=Authentication.NONE),)
    return Server("tftpd-hpa", variant, _start_tftpd, (Service(port, expected, Transport.UDP),))


SERVERS = (
    vnc("no password (None)", Acceptance.CLEARTEXT_ONLY, Authentication.NONE, "None"),
    vnc("with a password (VncAuth)", Acceptance.CLEARTEXT_ONLY, Authentication.REQUIRED, "VncAuth"),
    vnc("TLS or not (X509Vnc, VncAuth)", Acceptance.TLS_OPTIONAL, Authentication.REQUIRED, "X509Vnc,VncAuth"),
    vnc("TLS required (X509Vnc)", Acceptance.TLS_REQUIRED, Authentication.REQUIRED, "X509Vnc", port=5901),
    vnc("TLS required, no password (TLSNone)", Acceptance.TLS_REQUIRED, Authentication.NONE, "TLSNone", port=5902),
    x11("open to all (-ac)", Authentication.NONE, "-ac", 6077),
    x11("with a cookie (-auth)", Authentication.REQUIRED, "-auth", 6078),
    tftpd("its usual port", 69),
)
