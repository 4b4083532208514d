r"""``/proc/PID/mountinfo``, as proc_pid_mountinfo(5) describes it.

::

    36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    (1)(2)(3)   (4)   (5)      (6)      (7)   (8) (9)   (10)         (11)

The kernel writes space, tab, line feed, backslash and ``#`` within a field as three octal digits: ``\040``.
"""

import re

import msgspec

from javert.errors import ParseError

_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_FIELDS_BEFORE_TAGS = 6
_FIELDS_AFTER_TAGS = 3


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One mount. Texts that are not UTF-8 hold lone surrogates (PEP 383).

    Attributes:
        id, parent: of this mount and of the one it is mounted on.
        device: "major:minor" as ``st_dev`` of its files.
        root: path within the file system that is the mount's root.
        mount_point: path relative to the root directory of the process.
        options: of this mount. super_options: of the file system, wherever it is mounted.
        file_system: its type, for instance "ext4" or "fuse.sshfs".
    """

    id: int
    parent: int
    device: str
    root: str
    mount_point: str
    options: tuple[str, ...]
    file_system: str
    source: str
    super_options: tuple[str, ...]

    @property
    def read_only(self) -> bool:
        """Nothing can be written through this mount."""
        return "ro" in self.options or self.super_read_only

    @property
    def super_read_only(self) -> bool:
        """Nothing can be written to the file system through any mount."""
        return "ro" in self.super_options


def parse(data: bytes) -> tuple[Mount, ...]:
    """Every mount of the file, in its order: of two on one mount point the later covers the earlier.

    Raises:
        ParseError: a line is not what proc_pid_mountinfo(5) says.
    """
    return tuple(_mount(line) for line in data.split(b"\n") if line)


def _mount(line: bytes) -> Mount:
    fields = line.split(b" ")
    try:
        separator = fields.index(b"-", _FIELDS_BEFORE_TAGS)
        identifier, parent, device, root, mount_point, options = fields[:_FIELDS_BEFORE_TAGS]
        file_system, source, super_options = fields[separator + 1 : separator + 1 + _FIELDS_AFTER_TAGS]
        return Mount(
            id=int(identifier),
            parent=int(parent),
            device=_text(device),
            root=_text(root),
            mount_point=_text(mount_point),
            options=tuple(_text(options).split(",")),
            file_system=_text(file_system),
            source=_text(source),
            super_options=tuple(_text(super_options).split(",")),
        )
    except ValueError:
        raise ParseError(f"this is no line of mountinfo: {line[:80]!r}") from None


def _text(field: bytes) -> str:
    raw = _OCTAL.sub(lambda match: bytes([int(match[1], 8)]), field)
    return raw.decode("utf-8", "surrogateescape")
