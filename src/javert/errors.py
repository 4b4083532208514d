"""Every exception Javert raises on purpose.

::

    JavertError                 the base: one line that says what to do, and an exit code
    ├── ParseError              bytes or text that are not what a format says
    │   ├── NeedsMoreData       too short to tell: the same input with more behind it may parse
    │   └── NewerVersionError   a newer Javert wrote it
    ├── UsageError              an argument that cannot be used                      (exit code 2)
    ├── RunDirectoryError       a run directory that is missing, foreign or full     (exit code 3)
    ├── AlreadyRunningError     another Javert assesses this host                    (exit code 3)
    ├── CanceledError           a second signal ended the run at once                (exit code 3)
    ├── NothingAssessedError    no rule could look at anything                       (exit code 3)
    └── SensorError             a sensor could not start or went blind; becomes an exclusion
        └── BpfUnavailableError the kernel or its administrator refuses BPF

Messages are read by operators: one line, no traceback, no payload, no secret.
"""

from typing import ClassVar


class JavertError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        exit_code: what the command line exits with if nobody handles the error.
    """

    exit_code: ClassVar[int] = 3


class ParseError(JavertError):
    """Input that is not what its format says, for instance a damaged ELF header.

    Parsers raise nothing else, whatever the bytes.
    """


class NeedsMoreData(ParseError):  # noqa: N818 - a request to the caller, not a fault of the input
    """The input is a possible beginning; more of it decides."""


class NewerVersionError(ParseError):
    """A record or result of a newer Javert, which this one cannot judge."""


class UsageError(JavertError):
    """An argument on the command line that cannot be used."""

    exit_code: ClassVar[int] = 2


class RunDirectoryError(JavertError):
    """The run directory is missing, not Javert's, unreadable, or full."""


class AlreadyRunningError(JavertError):
    """Another Javert assesses this host now."""


class CanceledError(JavertError):
    """A second signal ended the run at once; its journal is kept."""


class NothingAssessedError(JavertError):
    """No rule could look at anything, so there is no result to speak of."""


class SensorError(JavertError):
    """A sensor could not start or lost its view; the run goes on with an exclusion.

    The message is one line that names the cause (an errno with its meaning where there is one).
    """


class BpfUnavailableError(SensorError):
    """The kernel, its configuration or missing privilege refuses the BPF programs."""


def fault_site(error: BaseException) -> str:
    """Kind and place of an error, for instance "KeyError in javert.rules.evaluation, line 12".

    The message is left out: it may quote what the host holds. The system's own words for an errno are not secret.
    """
    place = ""
    step = error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        if module.split(".", maxsplit=1)[0] == "javert" or not place:
            place = f"{module}, line {step.tb_lineno}"
        step = step.tb_next
    cause = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{cause}" + (f" in {place}" if place else "")
