"""Describes the host itself."""

import os
import platform

from javert.model.telemetry import Host


def describe() -> Host:
    """The host Javert runs on; ``addresses`` are filled in by the network sensor's namespace records."""
    system = os.uname()
    return Host(
        hostname=system.nodename,
        os="linux",
        kernel=system.release,
        architecture=system.machine,
        os_name=_pretty_name(),
        libc=" ".join(platform.libc_ver()).strip(),
    )


def _pretty_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
