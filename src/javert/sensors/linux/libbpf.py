"""Loads and attaches BPF objects through libbpf, which every mainstream distribution ships with iproute2.

Follows libbpf's own headers (bpf.h, libbpf.h, version 1.0 and later: functions return NULL or a negative number and
set errno). Everything attached hangs on a link held by this process, so it goes when the process does, kill -9
included.
"""

import ctypes
import errno
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from javert.errors import BpfUnavailableError
from javert.sensors.linux.pid_namespace import is_initial

_SAMPLE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_BTF_KIND_TYPEDEF = 8

_NOT_PERMITTED = "not permitted: it takes root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN) and a kernel not locked down"
_CAUSES = {
    errno.EPERM: _NOT_PERMITTED,
    errno.EACCES: _NOT_PERMITTED,
    errno.ENOSYS: "the kernel was built without BPF",
    errno.ENOENT: "the kernel lacks type information (CONFIG_DEBUG_INFO_BTF) or a hook the program needs",
    errno.ESRCH: "the kernel lacks type information (CONFIG_DEBUG_INFO_BTF) or a hook the program needs",
    errno.EINVAL: "the kernel refused the program; it may be too old",
    errno.ENOMEM: "no memory for the maps, or RLIMIT_MEMLOCK is too low",
}

# A declared signature each; what takes or gives a pointer must not be cut to an int.
_SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "libbpf_set_print": (ctypes.c_void_p, [ctypes.c_void_p]),
    "bpf_object__open_mem": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]),
    "bpf_object__load": (ctypes.c_int, [ctypes.c_void_p]),
    "bpf_object__close": (None, [ctypes.c_void_p]),
    "bpf_object__find_program_by_name": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]),
    "bpf_object__find_map_fd_by_name": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]),
    "bpf_map_update_elem": (ctypes.c_int, [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64]),
    "bpf_map_lookup_elem": (ctypes.c_int, [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p]),
    "bpf_map_delete_elem": (ctypes.c_int, [ctypes.c_int, ctypes.c_char_p]),
    "bpf_program__set_autoload": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_bool]),
    "bpf_program__attach": (ctypes.c_void_p, [ctypes.c_void_p]),
    "bpf_program__attach_cgroup": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "bpf_program__attach_iter": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]),
    "bpf_link__fd": (ctypes.c_int, [ctypes.c_void_p]),
    "bpf_link__destroy": (ctypes.c_int, [ctypes.c_void_p]),
    "bpf_iter_create": (ctypes.c_int, [ctypes.c_int]),
    "ring_buffer__new": (ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "ring_buffer__consume": (ctypes.c_int, [ctypes.c_void_p]),
    "ring_buffer__free": (None, [ctypes.c_void_p]),
    "btf__load_vmlinux_btf": (ctypes.c_void_p, []),
    "btf__find_by_name_kind": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32]),
    "btf__free": (None, [ctypes.c_void_p]),
}


def _open_library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError:
        raise BpfUnavailableError("libbpf.so.1 is missing: install libbpf1 (libbpf on Fedora and others)") from None
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    library.libbpf_set_print(None)  # libbpf would write to standard error
    return library


def _failure(what: str) -> BpfUnavailableError:
    number = ctypes.get_errno()
    cause = _CAUSES.get(number, os.strerror(number) if number else "libbpf does not say why")
    name = errno.errorcode.get(number, str(number))
    return BpfUnavailableError(f"{what}: {cause} ({name})")


class BpfObject:
    """One compiled object, its maps, and the programs attached from it.

    Args:
        path: the ``.bpf.o`` file.
        optional: programs by name, with the raw tracepoints each needs; it is left out where the kernel lacks one.

    Raises:
        BpfUnavailableError: no libbpf, no privilege, a kernel that refuses the object, or a container, in which the
            kernel's process ids would be taken for others.
    """

    def __init__(self, path: Path, optional: dict[str, tuple[str, ...]] | None = None) -> None:
        if not is_initial():
            raise BpfUnavailableError("Javert runs in a container, where the kernel's process ids do not hold")
        self._library = _open_library()
        self._links: list[int] = []
        self._rings: list[int] = []
        self._callbacks: list[object] = []
        self._memory: list[mmap.mmap] = []
        image = path.read_bytes()
        self._object = self._library.bpf_object__open_mem(image, len(image), None)
        if not self._object:
            raise _failure(f"cannot read {path.name}")
        self.left_out = self._leave_out(optional or {})
        if self._library.bpf_object__load(self._object):
            failure = _failure(f"cannot load {path.name}")
            self.close()
            raise failure

    def _leave_out(self, optional: dict[str, tuple[str, ...]]) -> frozenset[str]:
        if not optional:
            return frozenset()
        types = self._library.btf__load_vmlinux_btf()
        missing = set()
        for program, tracepoints in optional.items():
            names = [f"btf_trace_{tracepoint}".encode() for tracepoint in tracepoints]
            if not types or any(
                self._library.btf__find_by_name_kind(types, name, _BTF_KIND_TYPEDEF) < 0 for name in names
            ):
                self._library.bpf_program__set_autoload(self._program(program), False)
                missing.add(program)
        if types:
            self._library.btf__free(types)
        return frozenset(missing)

    def _program(self, name: str) -> int:
        program: int | None = self._library.bpf_object__find_program_by_name(self._object, name.encode())
        assert program, f"no program {name} in the object"
        return program

    def attach(self, name: str) -> None:
        """Attach a tracing program by its section name. Raises BpfUnavailableError."""
        self._keep(self._library.bpf_program__attach(self._program(name)), name)

    def attach_cgroup(self, name: str, cgroup: int) -> None:
        """Attach a cgroup program to the open directory ``cgroup``. Raises BpfUnavailableError."""
        self._keep(self._library.bpf_program__attach_cgroup(self._program(name), cgroup), name)

    def _keep(self, link: int | None, name: str) -> int:
        if not link:
            raise _failure(f"cannot attach {name}")
        self._links.append(link)
        return link

    def iterate(self, name: str, size: int = 4096) -> Iterator[bytes]:
        """Run an iterator program once and give what it writes, chunk by chunk; a record is never cut.

        Raises:
            BpfUnavailableError: it cannot be attached or read.
        """
        link = self._library.bpf_program__attach_iter(self._program(name), None)
        if not link:
            raise _failure(f"cannot attach {name}")
        try:
            iterator = self._library.bpf_iter_create(self._library.bpf_link__fd(link))
            if iterator < 0:
                raise _failure(f"cannot start {name}")
            with os.fdopen(iterator, "rb", buffering=0) as stream:
                while chunk := stream.read(size):
                    yield chunk
        except OSError as error:
            raise BpfUnavailableError(f"cannot read {name}: {error.strerror}") from None
        finally:
            self._library.bpf_link__destroy(link)

    def map_fd(self, name: str) -> int:
        """File descriptor of a map."""
        fd: int = self._library.bpf_object__find_map_fd_by_name(self._object, name.encode())
        assert fd >= 0, f"no map {name} in the object"
        return fd

    def set(self, map_name: str, key: bytes, value: bytes) -> bool:
        """Put ``value`` into a map; False if it is full."""
        return not self._library.bpf_map_update_elem(self.map_fd(map_name), key, value, 0)

    def get(self, map_name: str, key: bytes, value_size: int) -> bytes | None:
        """The value that a map has for ``key``; None if there is none. ``value_size`` is in bytes."""
        value = ctypes.create_string_buffer(value_size)
        return None if self._library.bpf_map_lookup_elem(self.map_fd(map_name), key, value) else value.raw

    def holds(self, map_name: str, key: bytes, value_size: int) -> bool:
        """Whether a map has an entry for ``key``; ``value_size`` is that of its values, in bytes."""
        return self.get(map_name, key, value_size) is not None

    def remove(self, map_name: str, key: bytes) -> bool:
        """Take an entry out of a map; False if there was none."""
        return not self._library.bpf_map_delete_elem(self.map_fd(map_name), key)

    def share(self, map_name: str, length: int) -> memoryview:
        """The memory of an array map, ``length`` bytes, readable and writable.

        The map must have been made with BPF_F_MMAPABLE; ".bss", the programs' global variables, always is.

        Raises:
            BpfUnavailableError: it cannot be mapped, for instance for lack of file descriptors.
        """
        try:
            memory = mmap.mmap(self.map_fd(map_name), length, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        except OSError as error:
            raise BpfUnavailableError(f"cannot map {map_name}: {error.strerror}") from None
        self._memory.append(memory)
        return memoryview(memory)

    def ring(self, map_name: str, take: Callable[[bytes], None]) -> Callable[[], int]:
        """Read a ring buffer: the function returned hands every waiting event to ``take`` and tells how many."""

        def sample(_context: int | None, data: int, size: int) -> int:
            take(ctypes.string_at(data, size))
            return 0

        callback = _SAMPLE(sample)
        self._callbacks.append(callback)
        ring = self._library.ring_buffer__new(self.map_fd(map_name), callback, None, None)
        if not ring:
            raise _failure(f"cannot read the ring {map_name}")
        self._rings.append(ring)

        def consume() -> int:
            count: int = self._library.ring_buffer__consume(ring)
            return count

        return consume

    def detach(self) -> None:
        """Take every program off its hook; maps stay readable."""
        for link in self._links:
            self._library.bpf_link__destroy(link)
        self._links.clear()

    def close(self) -> None:
        """Detach, and give all memory back. Views of ``share`` must not be used any more."""
        self.detach()
        for ring in self._rings:
            self._library.ring_buffer__free(ring)
        self._rings.clear()
        for memory in self._memory:
            with suppress(BufferError):  # a view is still held somewhere; it goes with the process
                memory.close()
        self._memory.clear()
        if self._object:
            self._library.bpf_object__close(self._object)
            self._object = None


def cgroup2_mount(mounts: str) -> str | None:
    """The mount point of the cgroup v2 tree in the text of ``/proc/self/mounts``; None without one."""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) > 2 and fields[2] == "cgroup2":
            return fields[1]
    return None
