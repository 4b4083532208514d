"""Files of a process that no name leads to."""

import mmap
import os

import pytest

from javert.sensors.linux.mapped_file import open_mapped

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to read /proc/PID/map_files"),
]


def content(descriptor):
    with os.fdopen(descriptor, "rb") as file:
        return file.read(4)


def test_a_removed_file_and_one_that_never_had_a_name(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"text" * 1024)
    memory = os.memfd_create("nameless")
    os.write(memory, b"data" * 1024)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ), mmap.mmap(memory, 4096):
        status, other = path.stat(), os.fstat(memory)
        path.unlink()
        os.close(memory)
        assert content(open_mapped(os.getpid(), status.st_dev, status.st_ino)) == b"text"
        assert content(open_mapped(os.getpid(), other.st_dev, other.st_ino)) == b"data"
    with pytest.raises(FileNotFoundError):
        open_mapped(os.getpid(), status.st_dev, status.st_ino)


def test_a_process_that_has_ended():
    with pytest.raises(OSError, match="No such"):
        open_mapped(2**22, 1, 1)
