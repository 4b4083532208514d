"""SMB, NFS with the portmapper, and TFTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"
SMB_CONF = """
[global]
server role = standalone server
map to guest = Bad User
server min protocol = NT1
ntlm auth = yes
lanman auth = yes
disable spoolss = yes
load printers = no
private dir = {directory}/private
state directory = {directory}/state
cache directory = {directory}/cache
lock directory = {directory}/lock
pid directory = {directory}/pid
ncalrpc dir = {directory}/ncalrpc
log file = {directory}/log
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = 445 139
[share]
path = {directory}
guest ok = yes
"""


@pytest.fixture(scope="module")
def samba(island: Island) -> Iterator[Path]:
    directory = island.directory / "samba"
    for name in ("private", "state", "cache", "lock", "pid", "ncalrpc", "log"):
        (directory / name).mkdir(parents=True)
    configuration = directory / "smb.conf"
    configuration.write_text(SMB_CONF.format(directory=directory))
    with island.serve("smbd", "-F", "--no-process-group", "-s", configuration, port=445):
        yield configuration


@pytest.mark.parametrize("port", [445, 139])
@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("NT1", told(Protocol.SMB1)), ("SMB2", told(Protocol.UNKNOWN, Encryption.UNKNOWN))],
)
def test_smb(island: Island, samba: Path, port: int, dialect: str, expected: tuple) -> None:
    limits = [f"--option=client min protocol={dialect}", f"--option=client max protocol={dialect}"]
    with island.record() as recording:
        done = island.run(
            "smbclient",
            "-s",
            samba,
            *limits,
            "-p",
            port,
            "-N",
            "//127.0.0.1/share",
            "-c",
            "ls; get smb.conf /dev/null",
        )
    assert "smb.conf" in done.stdout
    assert recording.of(port) == [expected]


def test_smb1_hello_that_goes_on_as_smb2(island: Island, samba: Path) -> None:
    """A client that may speak either opens with SMB 1 (MS-SMB2 3.3.5.3)."""
    with island.record() as recording:
        limits = ["--option=client min protocol=NT1", "--option=client max protocol=SMB3"]
        island.run("smbclient", "-s", samba, *limits, "-N", "//127.0.0.1/share", "-c", "ls")
    assert b"\xffSMB" in recording.path.read_bytes()
    assert recording.of(445) == [told(Protocol.UNKNOWN, Encryption.UNKNOWN)]


@pytest.fixture(scope="module")
def rpcbind(island: Island) -> Iterator[None]:
    with island.serve("rpcbind", "-f", "-w", port=111):
        yield


@pytest.mark.parametrize("options", [("-p",), ("-T", "udp"), ("-T", "tcp"), ("-s",), ("-T", "udp6"), ("-m",)])
def test_portmap(island: Island, rpcbind: None, options: tuple[str, ...]) -> None:
    host = "::1" if options[-1] == "udp6" else "127.0.0.1"
    program = () if len(options) == 1 else ("portmapper",)
    with island.record() as recording:
        island.run("rpcinfo", *options, host, *program)
    assert recording.of(111) == [told(Protocol.NFS)]


GANESHA = """
NFS_CORE_PARAM {{ NFS_Port = 2049; MNT_Port = 20048; Enable_RQUOTA = false; Enable_NLM = false;
                  Protocols = 3, 4; Bind_addr = 127.0.0.1; }}
NFSV4 {{ Grace_Period = 0; RecoveryRoot = {directory}/recovery; Minor_Versions = 0, 1; }}
NFS_KRB5 {{ Active_krb5 = false; }}
EXPORT {{ Export_Id = 7; Path = {directory}/export; Pseudo = /export; Access_Type = RW; Squash = No_Root_Squash;
          SecType = sys; Protocols = 3, 4; Transports = TCP, UDP; FSAL {{ Name = VFS; }} }}
LOG {{ Default_Log_Level = WARN; }}
"""


@pytest.fixture(scope="module")
def ganesha(island: Island, rpcbind: None) -> Iterator[None]:
    directory = island.directory / "ganesha"
    (directory / "export").mkdir(parents=True)
    (directory / "export/letter").write_text("hello\n")
    (directory / "ganesha.conf").write_text(GANESHA.format(directory=directory))
    island.run("mkdir", "-p", "/var/run/ganesha", "/var/lib/nfs/ganesha", directory / "recovery")
    server = ("ganesha.nfsd", "-F", "-L", "STDERR", "-p", directory / "pid", "-f", directory / "ganesha.conf")
    with island.serve(*server, port=2049):
        yield


@pytest.mark.parametrize("version", [3, 4])
def test_nfs(island: Island, ganesha: None, version: int) -> None:
    path = f"{island.directory}/ganesha/export" if version == 3 else "/export"
    with island.record() as recording:
        listed = island.run("nfs-ls", f"nfs://127.0.0.1{path}?version={version}")
        island.run("nfs-cat", f"nfs://127.0.0.1{path}/letter?version={version}")
    assert "letter" in listed.stdout, listed.stderr
    assert recording.of(111, 2049, 20048) == [told(Protocol.NFS)]
    assert {flow.port for flow in recording.flows()} >= {2049}


@pytest.fixture(scope="module")
def tftpd(island: Island) -> Iterator[Path]:
    directory = island.directory / "tftp"
    directory.mkdir()
    directory.chmod(0o777)
    (directory / "image").write_bytes(bytes(range(256)) * 40)
    with island.serve("in.tftpd", "-L", "-a", "127.0.0.1:69", "-c", "-s", directory, port=69, udp=True):
        yield directory


@pytest.mark.parametrize("mode", ["binary", "ascii"])
@pytest.mark.parametrize("action", ["get image /dev/null", "put {directory}/image sent", "get missing /dev/null"])
def test_tftp(island: Island, tftpd: Path, mode: str, action: str) -> None:
    with island.record() as recording:
        island.run("tftp", "-4", "-m", mode, "127.0.0.1", "-c", *action.format(directory=tftpd).split())
    flows = recording.flows()
    # the request, and the transfer from a port of its own, or the error from there
    assert len(flows) == 2
    assert {flow[1:] for flow in flows} == {told(Protocol.TFTP)}


@pytest.mark.parametrize("options", [(), ("--tftp-no-options",), ("--tftp-blksize", "1024")])
def test_tftp_with_options(island: Island, tftpd: Path, options: tuple[str, ...]) -> None:
    with island.record() as recording:
        island.run("curl", "-s", *options, "tftp://127.0.0.1/image", "-o", "/dev/null")
    flows = recording.flows()
    assert len(flows) == 2
    assert {flow[1:] for flow in flows} == {told(Protocol.TFTP)}
