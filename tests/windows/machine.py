"""A machine that runs Windows programs: Wine in namespaces of its own, with a network of its own."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.windows.environment import CHECKOUT, layer

PYTHON = "/windows/python/python.exe"

ENTER = """
set -e
scratch=$1 layer=$2 system=$3 checkout=$4 captures=$5
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=$layer:$system,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
cd "$scratch/root"
mount -t proc proc proc
mount -t tmpfs tmpfs tmp
mkdir -p javert
mount --bind "$checkout" javert
mount -o remount,bind,ro javert
if [ -d "$captures" ]; then
    mkdir -p shared/captures
    mount --bind "$captures" shared/captures
    mount -o remount,bind,ro shared/captures
fi
ip link set lo up
echo ready
exec sleep infinity
"""


class Machine:
    """Enter it to switch it on; when it is left, all that runs in it ends, and nothing of it stays.

    Args:
        scratch: an empty directory, over which it is mounted in its own mount namespace.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._pid = 0

    def __enter__(self) -> "Machine":
        built, system = layer()
        namespaces = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        captures = CHECKOUT.parent / "shared/captures"
        self._holder = subprocess.Popen(
            ["unshare", *namespaces, "sh", "-c", ENTER, "sh", self._scratch, built, system, CHECKOUT, captures],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            raise RuntimeError(f"the machine did not start: unshare ended with {self._holder.wait()}")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text()
        self._pid = int(children.split()[0])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder.kill()  # unshare(1) waits for its child whatever else it is told; the child ends with it
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()

    def connect(self, other: "Machine", address: str, others: str) -> None:
        """Lay a cable between two machines, and give each end its address, for instance "192.0.2.1/24"."""
        ends = ("ip", "link", "add", "lan", "netns", str(self._pid), "type", "veth")
        subprocess.run([*ends, "peer", "name", "lan", "netns", str(other._pid)], check=True)
        for machine, own in ((self, address), (other, others)):
            machine._inside("ip", "address", "add", own, "dev", "lan")
            machine._inside("ip", "link", "set", "lan", "up")

    def write(self, path: str, data: bytes) -> None:
        """Put a file there; ``path`` is from the root directory on, which is Z: to Windows programs."""
        Path(f"/proc/{self._pid}/root{self._scratch}/root/{path}").write_bytes(data)

    def _inside(self, *command: str) -> None:
        subprocess.run(["nsenter", "--target", str(self._pid), "--net", *command], check=True)

    def _command(self, *arguments: str, environment: Mapping[str, str] | None = None) -> list[str]:
        given = {"WINEDEBUG": "-all", "WINEPREFIX": "/windows/prefix", "HOME": "/tmp", "PATH": "/usr/bin:/bin"}
        words = [f"{name}={value}" for name, value in (given | dict(environment or {})).items()]
        root = f"--root=/proc/{self._pid}/root{self._scratch}/root"
        enter = ["nsenter", "--target", str(self._pid), "--net", "--mount", "--pid", root]
        return [*enter, "env", "-i", "--chdir=/tmp", *words, "wine", *arguments]

    def python(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run Windows Python to its end; ``options`` are those of subprocess.run."""
        return subprocess.run(self._command(PYTHON, *arguments), stdin=subprocess.DEVNULL, check=False, **options)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Windows Python; what it prints is a pipe of text."""
        return subprocess.Popen(
            self._command(PYTHON, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
