"""HTTP on its odder ways: cleartext HTTP/2, WebSocket, proxies, the PROXY header, and QUIC beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"


@pytest.fixture(scope="module")
def nghttpd(island: Island) -> Iterator[None]:
    with island.serve("nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", "/usr/share", 8080, port=8080):
        yield


@pytest.mark.parametrize(
    "client",
    [
        ("curl", "-s", "--http2-prior-knowledge"),
        ("nghttp", "-n"),
        ("nghttp", "-n", "-u"),
        ("nghttp", "-n", "-m", "20"),
    ],
)
def test_cleartext_http2(island: Island, nghttpd: None, client: tuple[str, ...]) -> None:
    with island.record() as recording:
        island.run(*client, "http://127.0.0.1:8080/dpkg/cputable")
    assert recording.of(8080) == [told(Protocol.HTTP)]


WEBSOCKET = """
import asyncio, websockets
async def answer(socket, *_):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(answer, "127.0.0.1", 8081):
        async with websockets.connect("ws://127.0.0.1:8081/") as socket:
            for text in ("hello", b"\\x16\\x03\\x01\\x00\\x05\\x01", "x" * 3000):
                await socket.send(text)
                await socket.recv()
asyncio.run(main())
"""


def test_websocket(island: Island) -> None:
    with island.record() as recording:
        island.python(WEBSOCKET)
    assert recording.of(8081) == [told(Protocol.HTTP)]


@pytest.fixture(scope="module")
def web(island: Island, certificate: tuple[Path, Path]) -> Iterator[Path]:
    """Nginx: cleartext on 80 and, behind PROXY headers, 8000; TLS on 443."""
    directory = island.directory / "nginx"
    directory.mkdir()
    path, key = certificate
    (directory / "nginx.conf").write_text(
        f"daemon off; user root; pid {directory}/pid; error_log {directory}/log;\nevents {{}}\n"
        f"http {{ access_log off; root /usr/share/dpkg; server {{ listen 127.0.0.1:80; listen [::1]:80;\n"
        f"location /dav/ {{ root {directory}; dav_methods PUT DELETE MKCOL; create_full_put_path on; }} }}\n"
        f"server {{ listen 127.0.0.1:8000 proxy_protocol; }}\n"
        f"server {{ listen 127.0.0.1:443 ssl; ssl_certificate {path}; ssl_certificate_key {key}; }} }}\n"
    )
    with island.serve("nginx", "-c", directory / "nginx.conf", port=80):
        yield directory


@pytest.mark.parametrize(
    ("options", "address", "exposed"),
    [
        ((), "http://127.0.0.1/cputable", False),
        ((), "http://[::1]/cputable", False),
        (("--http1.0",), "http://127.0.0.1/cputable", False),
        (("-u", f"joe:{SECRET}"), "http://127.0.0.1/cputable", True),
        (("--digest", "-u", f"joe:{SECRET}"), "http://127.0.0.1/cputable", False),
        (("--oauth2-bearer", SECRET), "http://127.0.0.1/cputable", True),
        (("-T", "/usr/share/dpkg/cputable"), "http://127.0.0.1/dav/a", False),
        (("-X", "PROPFIND"), "http://127.0.0.1/dav/", False),
        (("-X", "M-SEARCH"), "http://127.0.0.1/", False),
        (("-I",), "http://127.0.0.1/", False),
        (("-d", "@/usr/share/dpkg/cputable", "-H", "Expect: 100-continue"), "http://127.0.0.1/", False),
        (("--haproxy-protocol",), "http://127.0.0.1:8000/cputable", False),
    ],
)
def test_http(island: Island, web: Path, options: tuple[str, ...], address: str, exposed: bool) -> None:
    with island.record() as recording:
        island.run("curl", "-s", *options, address)
    assert recording.of(80, 8000) == [told(Protocol.HTTP, exposed=exposed)]


@pytest.fixture(scope="module")
def proxy(island: Island, web: Path) -> Iterator[None]:
    configuration = island.directory / "tinyproxy.conf"
    configuration.write_text(
        "Port 8888\nListen 127.0.0.1\nTimeout 20\nAllow 127.0.0.1\nConnectPort 443\nUser root\n"
    )
    with island.serve("tinyproxy", "-d", "-c", configuration, port=8888):
        yield


@pytest.mark.parametrize(
    ("options", "address", "expected"),
    [
        ((), "http://localhost/cputable", told(Protocol.HTTP)),
        (("-U", f"joe:{SECRET}"), "http://localhost/cputable", told(Protocol.HTTP, exposed=True)),
        ((), "https://localhost/cputable", told(Protocol.HTTP, Encryption.UPGRADED)),
        (("-U", f"joe:{SECRET}"), "https://localhost/", told(Protocol.HTTP, Encryption.UPGRADED, exposed=True)),
        (("-p",), "http://localhost:443/", told(Protocol.HTTP)),
        ((), "https://localhost:25/", told(Protocol.HTTP)),
    ],
)
def test_proxy(island: Island, proxy: None, options: tuple[str, ...], address: str, expected: tuple) -> None:
    with island.record() as recording:
        island.run("curl", "-s", "-k", *options, "-x", "http://127.0.0.1:8888", address)
    assert recording.of(8888) == [expected]


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
def test_a_load_balancer_that_says_for_whom(island: Island, web: Path, directory: Path, version: str) -> None:
    (directory / "haproxy.cfg").write_text(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n"
        f"listen a\n bind 127.0.0.1:8090\n server s 127.0.0.1:8000 {version}\n"
    )
    with island.serve("haproxy", "-db", "-f", directory / "haproxy.cfg", port=8090), island.record() as recording:
        island.run("curl", "-s", "http://127.0.0.1:8090/cputable")
    assert recording.of(8000) == [told(Protocol.HTTP)]


@pytest.mark.parametrize("options", [(), ("-v", "v2draft"), ("-v", "0x6b3343cf")])
def test_quic(island: Island, certificate: tuple[Path, Path], options: tuple[str, ...]) -> None:
    path, key = certificate
    server = ("gtlsserver", "-q", "-d", "/usr/share/dpkg", "127.0.0.1", 4433, key, path)
    with island.serve(*server, port=4433, udp=True), island.record() as recording:
        island.run(
            "gtlsclient",
            "-q",
            "--exit-on-all-streams-close",
            *options,
            "127.0.0.1",
            4433,
            "https://localhost/cputable",
        )
    assert recording.of(4433) == [told(Protocol.QUIC, Encryption.FULL)]
