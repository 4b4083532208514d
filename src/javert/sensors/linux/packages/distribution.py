"""Tells packages of the distribution from those of third parties by the vendor they name."""

import re

import msgspec

from javert.sensors.linux.packages.untrusted import opened

_MOST_BYTES = 64 * 1024

_MAIL = re.compile(r"@([\w.-]+)")

_VENDORS: dict[str, tuple[str, ...]] = {
    "almalinux": ("almalinux",),
    "alpine": ("alpine",),
    "altlinux": ("alt linux", "altlinux"),
    "amzn": ("amazon linux", "amazon.com"),
    "centos": ("centos",),
    "debian": ("debian",),
    "devuan": ("devuan", "debian"),
    "fedora": ("fedora project",),
    "linuxmint": ("linux mint", "ubuntu", "debian"),
    "mageia": ("mageia",),
    "ol": ("oracle america",),
    "openeuler": ("openeuler",),
    "opensuse-leap": ("opensuse", "suse linux"),
    "opensuse-tumbleweed": ("opensuse",),
    "raspbian": ("raspbian", "raspberry pi", "debian"),
    "rhel": ("red hat",),
    "rocky": ("rocky",),
    "sled": ("suse",),
    "sles": ("suse",),
    "ubuntu": ("ubuntu", "canonical", "debian"),
}
"""Words in vendor and origin names of a distribution's own packages, by ``ID`` of os-release(5)."""

_MAIL_DOMAINS: dict[str, tuple[str, ...]] = {
    "debian": ("debian.org",),
    "devuan": ("devuan.org", "debian.org"),
    "raspbian": ("raspbian.org", "raspberrypi.com", "debian.org"),
    "ubuntu": ("ubuntu.com", "canonical.com", "debian.org"),
}
"""Domains that only a distribution's own maintainers write from."""


class Distribution(msgspec.Struct, frozen=True):
    """The distribution installed in one root directory.

    Attributes:
        ids: ``ID`` and ``ID_LIKE`` of os-release(5), the distribution itself first; empty where unknown.
    """

    ids: tuple[str, ...]

    def ships(self, vendor: str) -> bool:
        """Whether ``vendor`` (RPM's Vendor tag, apt's Origin) is this distribution."""
        name = vendor.casefold()
        words = _VENDORS.get(self.ids[0], (self.ids[0],)) if self.ids else ()
        return any(word in name for word in words)

    def maintained_by(self, maintainer: str) -> bool:
        """Whether the address in ``maintainer`` ("Name <mail>") is one of this distribution's project."""
        if (match := _MAIL.search(maintainer)) is None:
            return False
        domain = match[1].casefold()
        return any(
            domain == own or domain.endswith("." + own) for each in self.ids for own in _MAIL_DOMAINS.get(each, ())
        )


def distribution(root: str) -> Distribution:
    """The distribution in the root directory ``root``, from its os-release(5)."""
    for place in ("etc/os-release", "usr/lib/os-release"):
        try:
            with opened(f"{root}/{place}", _MOST_BYTES, links=root == "/") as file:
                lines = file.read(_MOST_BYTES).decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        names = f"{values.get('ID', '')} {values.get('ID_LIKE', '')}"
        return Distribution(tuple(re.sub("[\"']", "", names).split()))
    return Distribution(())
