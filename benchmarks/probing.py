"""How long a host with 200 services takes to be asked, and how many connections a service has at one time.

python -m benchmarks.probing [--services 200] [--rounds 5]

Of the services 10 keep silent and 5 misbehave; the others answer as FTP, HTTP, IMAP, POP3, SMTP, SSH and TLS do.
They count their connections themselves. A round is a whole ``javert assess`` of 1 s, which waits for what it began.
"""

import argparse
import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import cycle, islice
from pathlib import Path

from benchmarks.interleaved import row, spread

from javert.assessment.run_directory import STATE_DIRECTORY_VARIABLE

JAVERT = Path(sys.executable).with_name("javert")
SILENT, MISBEHAVING = 10, 5
FULL = ("--rounds", "9")

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


# ---------------------------------------------------------------- the services


def lines(greeting: bytes, **answers: bytes) -> Serve:
    """A service of lines: greets, and answers by the first word or (IMAP) the second."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := (await reader.readline()).split():
            words = [word.decode("latin-1").upper() for word in line[:2]]
            tag = line[0] + b" " if greeting.startswith(b"* ") else b""
            known = next((answers[word] for word in reversed(words) if word in answers), answers["ELSE"])
            writer.write(known if known[:1] == b"*" else tag + known)
            await writer.drain()

    return serve


async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if (await reader.readline()).startswith(b"GET "):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    else:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(128, 256)) * 4)
    await silent(reader, writer)


async def floods(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\x80" * 65536)
        await writer.drain()


async def drips(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\x80")
        await writer.drain()
        await asyncio.sleep(0.5)


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


ORDINARY: tuple[Serve, ...] = (
    web,
    lines(b"220 mail.example ESMTP\r\n", EHLO=b"250 mail.example\r\n", ELSE=b"250 2.0.0 Ok\r\n"),
    lines(b"* OK ready\r\n", CAPABILITY=b"* CAPABILITY IMAP4rev1\r\na1 OK done\r\n", ELSE=b"OK done\r\n"),
    lines(b"+OK ready\r\n", CAPA=b"+OK\r\nUSER\r\n.\r\n", ELSE=b"+OK\r\n"),
    lines(b"220 (vsFTPd 3.0.3)\r\n", FEAT=b"211 End\r\n", AUTH=b"530 Please login.\r\n", ELSE=b"331 Please.\r\n"),
    lines(b"SSH-2.0-OpenSSH_9.2p1\r\n", ELSE=b""),
)
BAD: tuple[Serve, ...] = (hangs_up, garbage, floods, drips, resets)


async def host_services(count: int, certificate: Path) -> None:
    """Serve until standard input ends; prints the ports, then for each how many connections were open at most."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    kinds: list[tuple[Serve, ssl.SSLContext | None]] = [(silent, None)] * SILENT
    kinds += [(bad, None) for bad in islice(cycle(BAD), MISBEHAVING)]
    ordinary = [*((one, None) for one in ORDINARY), (web, context)]
    kinds += islice(cycle(ordinary), count - len(kinds))
    now: Counter[int] = Counter()
    most: Counter[int] = Counter()
    servers = []
    for serve, tls in kinds:
        servers.append(await asyncio.start_server(counted(serve, now, most), "127.0.0.1", 0, ssl=tls))
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps(most), flush=True)


def counted(serve: Serve, now: Counter[int], most: Counter[int]) -> Serve:
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        now[port] += 1
        most[port] = max(most[port], now[port])
        with contextlib.suppress(OSError):
            await serve(reader, writer)
            await writer.drain()
        now[port] -= 1
        writer.close()

    return count


# ---------------------------------------------------------------- the measurement


def one_round(ports: list[int], top: Path) -> tuple[float, Counter[str]]:
    """Seconds of a whole assessment, and what came of the services."""
    run = Path(tempfile.mkdtemp(dir=top)) / "run"
    command = [JAVERT, "assess", "--duration", "1s", "--rule", "insecure-server-protocol", "--run-dir", run]
    command += ["--probe-port", ",".join(map(str, ports)), "--format", "json"]
    began = time.perf_counter()
    subprocess.run(
        list(map(str, command)),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", STATE_DIRECTORY_VARIABLE: str(top / "state")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    took = time.perf_counter() - began
    records = map(json.loads, (run / "journal.jsonl").read_text("utf-8").splitlines())
    probes = [one for one in records if one["record"] == "ServiceProbe" and one["port"] in ports]
    assert len(probes) == len(ports), f"{len(ports) - len(probes)} services have no record"
    return took, Counter(one["outcome"] for one in probes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=Path, metavar="CERTIFICATE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(host_services(arguments.services, arguments.serve))
        return
    with tempfile.TemporaryDirectory(prefix="javert-bench-") as directory:
        top = Path(directory)
        certificate = top / "certificate.pem"
        request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=bench"]
        subprocess.run([*request, "-out", certificate, "-keyout", certificate], check=True, capture_output=True)
        serve = [sys.executable, "-m", "benchmarks.probing", "--serve", certificate]
        serve += ["--services", str(arguments.services)]
        with subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as services:
            assert services.stdin is not None
            assert services.stdout is not None
            ports = json.loads(services.stdout.readline())
            rounds = [one_round(ports, top) for _ in range(arguments.rounds)]
            most = json.loads(services.communicate("")[0])
    row(f"{arguments.services} services asked, whole assessment, s", spread([took for took, _ in rounds]), "≤ 20")
    row("connections of one service at a time, at most", str(max(most.values())), "≤ 2")
    for outcome, count in sorted(rounds[-1][1].items()):
        row(f"  {outcome}", str(count))


if __name__ == "__main__":
    main()
