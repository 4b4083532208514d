"""Describes the host itself."""

import os
import platform
from pathlib import Path

from javert.formats.no_execute import no_execute_off
from javert.model.telemetry import Host
from javert.sensors.linux.pid_namespace import is_initial


def describe() -> Host:
    """The host Javert runs on; ``addresses`` are filled in by the network sensor's namespace records."""
    system = os.uname()
    return Host(
        hostname=system.nodename,
        os="linux",
        kernel=system.release,
        architecture=system.machine,
        os_name=_pretty_name(),
        contained=not is_initial(),
        libc=" ".join(platform.libc_ver()).strip() or _musl(),
        no_execute_off=no_execute_off(
            architecture=system.machine,
            kernel=system.release,
            cpuinfo=_contents("/proc/cpuinfo"),
            cmdline=_contents("/proc/cmdline"),
        ),
    )


def _pretty_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _musl() -> str:
    """The name alone: Python's own look at the C library misses musl, which tells its version to nobody."""
    return "musl" if any(Path("/lib").glob("ld-musl-*.so.1")) else ""


def _contents(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
