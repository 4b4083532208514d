"""SIP: sipp with itself. RTSP: rtsp-server-perl with curl."""

from collections.abc import Iterator

import pytest
from tests.oracle.sessions.island import Island, told

from javert.protocols.interface import Protocol

SECRET = "S3cret-word"


@pytest.mark.parametrize("transport", ["u1", "t1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_sip(island: Island, transport: str, host: str) -> None:
    common = ("-t", transport, "-nostdin", "-i", host, "-p")
    server = ("sipp", "-sn", "uas", *common, 5060)
    with island.serve(*server, port=5060, udp=transport == "u1", cwd="/"), island.record() as recording:
        island.run("sipp", "-sn", "uac", *common, 5070, "-m", 3, "-r", 10, "-d", 10, f"{host}:5060")
    assert recording.of(5060, 5070) == [told(Protocol.SIP)]


@pytest.fixture(scope="module")
def rtsp(island: Island) -> Iterator[None]:
    server = ("rtsp-server-perl", "--clientport", 554, "--serverport", 5545, "--rtp_start_port", 20000)
    with island.serve(*server, port=554):
        yield


@pytest.mark.parametrize(("options", "exposed"), [((), False), (("-u", f"joe:{SECRET}"), True)])
def test_rtsp(island: Island, rtsp: None, options: tuple[str, ...], exposed: bool) -> None:
    with island.record() as recording:
        island.run("curl", "-s", "-m", 5, *options, "rtsp://127.0.0.1/camera")
    assert recording.of(554) == [told(Protocol.RTSP, exposed=exposed)]
