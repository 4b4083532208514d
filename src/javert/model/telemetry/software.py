"""Records of executables and shared objects, and of the scan that looks for them."""

from enum import StrEnum

import msgspec

from javert.model.telemetry.record import Record


class StackHeader(StrEnum):
    """What the last PT_GNU_STACK of an ELF file says; the kernel takes the last (fs/binfmt_elf.c)."""

    EXECUTABLE = "executable"
    NON_EXECUTABLE = "non-executable"
    MISSING = "missing"


class ElfKind(StrEnum):
    """What an ELF file is to the system that runs it."""

    EXECUTABLE = "executable"
    SHARED_OBJECT = "shared-object"


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """The package that owns a file.

    Attributes:
        origin: "os-package" (from the distribution) or "third-party-package".
        vendor: distribution, vendor or maintainer, as the package says.
        manager: "dpkg", "rpm", "apk", "pip", "npm", "gem", "snap" or "flatpak".
        system: root directory of the system it is installed in, if that is neither the host nor a container whose
            processes name it (a chroot, an image's layer).
        architecture: what dpkg calls it, where it is not that of dpkg itself; "" otherwise. Without it a command
            would be about the package of the system's own architecture.
    """

    name: str
    version: str = ""
    origin: str = "os-package"
    vendor: str = ""
    manager: str = "dpkg"
    system: str = ""
    architecture: str = ""


class ElfFile(Record, frozen=True, kw_only=True):
    """An ELF executable or shared object that is worth a rule's look.

    The scan reports every one whose program header is anything but a single non-executable PT_GNU_STACK with no
    load segment both writable and executable; the others are only counted in ``FileScan``.

    Attributes:
        path: one of its names.
        device, inode: identity, as in ``stat``; joins with ``Module``.
        machine: as readelf prints it in short: "x86-64", "i386", "arm64", "arm", …
        byte_order: "little" or "big".
        static: an executable without a program interpreter.
        writable_executable: memory of a PT_LOAD is both, as the kernel or the loader maps it.
        package: its owner; None if no package claims it.
        ownership_known: False where a package database could not be read.
        image: the container image in a layer of which it lies, or some of several; "" for none that is known.
        container: the container in whose own layer, above its image, it lies; "" for none.
        elsewhere: in Javert's own mount namespace ``path`` leads to another file, or to none: the processes that
            have it mapped have another namespace, or it was removed or replaced.
    """

    path: str
    device: int
    inode: int
    machine: str
    bits: int
    byte_order: str
    kind: ElfKind
    stack: StackHeader
    static: bool = False
    writable_executable: bool = False
    package: Package | None = None
    ownership_known: bool = True
    image: str = ""
    container: str = ""
    elsewhere: bool = False


class FileScan(Record, frozen=True, kw_only=True):
    """How much the file scan looked at.

    Attributes:
        files: directory entries seen. candidates: files opened, or known without. elf: ELF executables and shared
            objects among them.
        remembered: candidates that an earlier scan had read, and that have not changed since.
        finished: False if it was stopped before the end.
        machines: ELF files by machine.
        damaged: files that begin like ELF and have headers that nothing runs or loads.
        mapped: files read because running processes have them mapped, wherever they lie.
    """

    roots: tuple[str, ...]
    files: int = 0
    candidates: int = 0
    remembered: int = 0
    elf: int = 0
    finished: bool = True
    machines: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: float = 0.0
    damaged: int = 0
    mapped: int = 0
