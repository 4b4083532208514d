"""The ids a process holds, from ``/proc/PID/status`` as proc_pid_status(5) describes it."""

import re

import msgspec

from javert.errors import ParseError

_LINES = re.compile(rb"^(Name|Uid|Gid|Groups):(.*)$", re.MULTILINE)


class ProcessIds(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a process acts as. Ids are those of the reader's user namespace.

    Attributes:
        name: ``comm``, as the file escapes it.
        uids, gids: real, effective, saved and file-system id, in this order.
        groups: supplementary group ids.
    """

    name: str
    uids: tuple[int, int, int, int]
    gids: tuple[int, int, int, int]
    groups: tuple[int, ...]


def parse_ids(data: bytes) -> ProcessIds:
    """The lines ``Name``, ``Uid``, ``Gid`` and ``Groups``.

    Raises:
        ParseError: one of them is missing, or is not what the manual page says.
    """
    values = dict(reversed(_LINES.findall(data)))  # of two with one name the first counts
    try:
        return ProcessIds(
            name=values[b"Name"].strip(b"\t").decode("utf-8", "backslashreplace"),
            uids=_four(values[b"Uid"]),
            gids=_four(values[b"Gid"]),
            groups=tuple(int(gid) for gid in values[b"Groups"].split()),
        )
    except KeyError as missing:
        raise ParseError(f"the status of a process lacks the line {missing}") from None
    except ValueError:
        raise ParseError("the status of a process holds ids that are no numbers") from None


def _four(value: bytes) -> tuple[int, int, int, int]:
    real, effective, saved, file_system = (int(number) for number in value.split())
    return real, effective, saved, file_system
