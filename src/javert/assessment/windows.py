"""What a run needs of Windows; ``javert.assessment.system`` chooses between this and ``posix``."""

import ctypes
import errno
import os
import signal
import sys
from pathlib import Path

assert sys.platform == "win32"

import msvcrt  # noqa: E402 - there is none elsewhere

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
"""Signals by which a run is asked to end: Ctrl-C, an end from within Python, Ctrl-Break."""

UNPRIVILEGED = (
    "not an administrator: the processes of other users, and most traffic, cannot be seen; "
    "assessing the rest (a console started as administrator sees all)"
)
"""What the command line says to who has not the rights to see everything."""

PRIVATE = os.O_BINARY | os.O_NOINHERIT
"""Flags with which files of a run are opened besides: no child inherits them, and bytes stay as they are."""

_LOCKED_BYTE = 1 << 30
"""Where the lock file is locked: a locked byte cannot be read, and the holder's number at the beginning is read."""

_OWNER_ONLY = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"
"""SDDL: full access for LocalSystem, Administrators and the owner, and nothing inherited from above: %ProgramData%
lets every user make files in what is below it."""


_SYSTEM = frozenset({"S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"})
"""Security identifiers of LocalSystem, Administrators, and TrustedInstaller, which owns what setup made."""
_SE_FILE_OBJECT, _OWNER_SECURITY_INFORMATION = 1, 1
_TOKEN_QUERY, _TOKEN_USER = 8, 1


def privileged() -> bool:
    """Whether Javert runs with the rights to see everything: elevated, or as LocalSystem."""
    return bool(ctypes.windll.shell32.IsUserAnAdmin())


def default_state_directory() -> Path:
    r"""Where runs and the lock are kept: %ProgramData%\Javert; %LOCALAPPDATA%\Javert for a plain user."""
    if privileged():
        return Path(os.environ.get("ProgramData") or r"C:\ProgramData") / "Javert"  # noqa: SIM112 - its name
    return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "Javert"


def make_private_directory(path: Path, *, exist_ok: bool = False) -> None:
    r"""Make a directory, and those on the way to it, that only its owner and Administrators can use.

    One that is there must be this user's or the system's: everybody may make %ProgramData%\Javert before it does.

    Raises:
        OSError: it cannot be made, or is somebody else's.
    """
    if exist_ok and path.is_dir():
        if not owned(path):
            raise PermissionError(errno.EACCES, "it belongs to another user", str(path))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    advapi32, kernel32 = _libraries()
    descriptor = ctypes.c_void_p()
    convert = advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW
    if not convert(ctypes.c_wchar_p(_OWNER_ONLY), 1, ctypes.byref(descriptor), None):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, 0)
        if not kernel32.CreateDirectoryW(ctypes.c_wchar_p(str(path)), ctypes.byref(attributes)):
            raise ctypes.WinError(ctypes.get_last_error())
    finally:
        kernel32.LocalFree(descriptor)


class _SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES of minwinbase.h."""

    _fields_ = (("length", ctypes.c_uint32), ("descriptor", ctypes.c_void_p), ("inherit", ctypes.c_int32))


def try_lock(file: int) -> bool:
    """Take the only lock on an open file; False if another process has it. Its end releases it."""
    os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def sync_directory(path: Path) -> None:
    """Nothing: NTFS journals the names in a directory, and FlushFileBuffers takes none."""


def release_for_replacement(file: int) -> bool:
    """Let go of an open file, so that another can take its place: Windows replaces none that is open.

    Returns:
        True: until something else is put in its place (os.dup2), what is written to ``file`` goes to nothing.
    """
    null = os.open(os.devnull, os.O_RDWR | PRIVATE)
    os.dup2(null, file, inheritable=False)
    os.close(null)
    return True


def others_can_replace_entries(directory: Path) -> bool:
    """Whether it belongs to another user than this one and the system. Raises OSError.

    Only the owner is looked at: who else may write is an inherited list, and what Javert makes does not inherit.
    """
    return not owned(directory)


def owned(directory: Path) -> bool:
    """Whether ``directory`` is this user's own, or the system's. Raises OSError."""
    return _owner(directory) in {*_SYSTEM, _own_identifier()}


def others_can_write(directory: Path) -> bool:
    """Not judged on Windows beyond the owner: see ``others_can_replace_entries``."""
    del directory
    return False


def _owner(path: Path) -> str:
    """The security identifier of a file's owner (GetNamedSecurityInfoW of aclapi.h)."""
    advapi32, kernel32 = _libraries()
    owner, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
    status = advapi32.GetNamedSecurityInfoW(
        ctypes.c_wchar_p(str(path)),
        _SE_FILE_OBJECT,
        _OWNER_SECURITY_INFORMATION,
        ctypes.byref(owner),
        None,
        None,
        None,
        ctypes.byref(descriptor),
    )
    if status:
        raise ctypes.WinError(status)
    try:
        return _identifier(owner)
    finally:
        kernel32.LocalFree(descriptor)


def _own_identifier() -> str:
    """The security identifier of the user that this process runs as (TOKEN_USER of winnt.h)."""
    advapi32, kernel32 = _libraries()
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    token = ctypes.c_void_p()
    process = ctypes.c_void_p(kernel32.GetCurrentProcess())
    if not advapi32.OpenProcessToken(process, _TOKEN_QUERY, ctypes.byref(token)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        user = ctypes.create_string_buffer(256)
        size = ctypes.c_uint32()
        if not advapi32.GetTokenInformation(token, _TOKEN_USER, user, len(user), ctypes.byref(size)):
            raise ctypes.WinError(ctypes.get_last_error())
        return _identifier(ctypes.c_void_p.from_buffer(user))
    finally:
        kernel32.CloseHandle(token)


def _identifier(raw: ctypes.c_void_p) -> str:
    advapi32, kernel32 = _libraries()
    text = ctypes.c_wchar_p()
    if not advapi32.ConvertSidToStringSidW(raw, ctypes.byref(text)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return text.value or ""
    finally:
        kernel32.LocalFree(text)


def _libraries() -> tuple[ctypes.WinDLL, ctypes.WinDLL]:
    return ctypes.WinDLL("advapi32", use_last_error=True), ctypes.WinDLL("kernel32", use_last_error=True)
