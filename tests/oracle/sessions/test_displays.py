"""VNC: TigerVNC with its own viewer."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret"


@pytest.fixture(scope="module")
def display(island: Island) -> Iterator[dict[str, str]]:
    """Somewhere for the viewer to draw."""
    with island.serve("Xtigervnc", ":7", "-SecurityTypes", "None", "-localhost", "-noreset", port=5907):
        yield {"DISPLAY": ":7"}


@pytest.mark.parametrize(
    ("served", "asked", "expected"),
    [
        ("None", "None", told(Protocol.VNC)),
        ("VncAuth", "VncAuth", told(Protocol.VNC)),
        ("TLSVnc,VncAuth", "VncAuth", told(Protocol.VNC, Encryption.OFFERED_NOT_USED)),
        ("TLSVnc,VncAuth", "TLSVnc", told(Protocol.VNC, Encryption.UPGRADED)),
        ("TLSNone", "TLSNone", told(Protocol.VNC, Encryption.UPGRADED)),
        ("X509None", "X509None", told(Protocol.VNC, Encryption.UPGRADED)),
    ],
)
def test_vnc(
    island: Island,
    display: dict[str, str],
    directory: Path,
    certificate: tuple[Path, Path],
    served: str,
    asked: str,
    expected: tuple,
) -> None:
    path, key = certificate
    word = directory / "word"
    word.write_bytes(
        subprocess.run(["tigervncpasswd", "-f"], input=SECRET.encode(), capture_output=True, check=True).stdout
    )
    server = (
        "Xtigervnc",
        ":1",
        "-SecurityTypes",
        served,
        "-PasswordFile",
        word,
        "-X509Cert",
        path,
        "-X509Key",
        key,
    )
    viewer = ("xtigervncviewer", "-SecurityTypes", asked, "-PasswordFile", word, "-X509CA", path, "127.0.0.1:1")
    home = {"HOME": str(directory), "PATH": "/usr/bin:/bin"}
    with (
        island.serve(*server, port=5901, env=home),
        island.record() as recording,
        island.started(*viewer, env=home | display),
    ):
        recording.wait_for(b"\x16\x03\x03" if expected[1] is Encryption.UPGRADED else b"@island.example")
    assert recording.of(5901) == [expected]
