"""PostgreSQL. Reference: PostgreSQL manual, "Frontend/Backend Protocol": SSL session encryption, start-up, errors.

Sent: SSLRequest, and a StartupMessage for a user and a database that nobody has, without TLS and, if that is turned
away, with it. Safe: it is refused or asked for a password, and then the connection is closed, which is how psql
begins when it has to ask for one. No password is sent. The server may log one line.
"""

import re
from enum import Enum

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk, tls_works
from javert.probes.interface import Ask, Ended, Reopen

_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
_PARAMETERS = b"user\0javert-probe\0database\0javert-probe\0\0"
_STARTUP = (8 + len(_PARAMETERS)).to_bytes(4, "big") + bytes.fromhex("00030000") + _PARAMETERS
_TERMINATE = b"X\0\0\0\x04"

_AUTHENTICATION_OK = b"R\0\0\0\x08\0\0\0\0"
_AUTHENTICATION = re.compile(rb"R\x00\x00[\x00-\x03].\x00\x00\x00[\x02-\x0c]", re.DOTALL)
_ERROR = re.compile(rb"E\x00\x00[\x00-\x3f].(?=[A-Za-z][^\x00]*\x00)", re.DOTALL)
# The routine's name is a field of an error that is not translated (manual, "Error and Notice Message Fields").
_TURNED_AWAY = re.compile(rb"\x00RClientAuthentication\x00")
_LET_IN = re.compile(rb"\x00RInitializeSessionUserId\x00|\x00RInitPostgres\x00|\x00C3D000\x00")
_CHECKED = re.compile(rb"\x00Rauth_failed\x00|\x00C28P01\x00")
_POOLER_WANTS_TLS = re.compile(rb"\x00M(?:SSL|TLS) required\x00", re.IGNORECASE)


class _Startup(Enum):
    """What a StartupMessage met: a demand for a credential, none, the door, the wish for TLS, or something else."""

    ASKED = "asked"
    LET_IN = "let in"
    TURNED_AWAY = "turned away"
    WANTS_TLS = "wants TLS"
    UNCLEAR = "unclear"


def converse(_greeting: bytes) -> Talk:
    """TLS_REQUIRED if a start without TLS is turned away, and one with TLS is not.

    pg_hba.conf goes by the client's address too: if Javert's is turned away either way, the service's own is tried;
    UNDECIDED if that is no better.
    """
    first = yield Ask(_SSL_REQUEST, bool)
    if first.data not in (b"S", b"N"):
        return None
    works = first.data == b"S" and (yield from tls_works())
    if first.data == b"N":
        clear = yield from _start()
    else:
        clear = yield from _reopened_start(tls=False, own=False)
    if clear is _Startup.TURNED_AWAY and not works:
        clear = yield from _reopened_start(tls=False, own=True)
    if not works:
        return _answer(Acceptance.CLEARTEXT_ONLY, clear)
    for own in (False, True):
        if own:
            clear = yield from _reopened_start(tls=False, own=True)
        if clear in (_Startup.ASKED, _Startup.LET_IN):
            return _answer(Acceptance.TLS_OPTIONAL, clear)
        if clear is _Startup.WANTS_TLS:
            return _answer(Acceptance.TLS_REQUIRED, clear)
        encrypted = yield from _reopened_start(tls=True, own=own)
        if clear is _Startup.TURNED_AWAY and encrypted in (_Startup.ASKED, _Startup.LET_IN):
            return _answer(Acceptance.TLS_REQUIRED, encrypted)
    return _answer(Acceptance.UNDECIDED, _Startup.UNCLEAR)


def _reopened_start(*, tls: bool, own: bool) -> Dialogue[_Startup]:
    if (yield Reopen(from_its_own_address=own)).ended is Ended.RESET:
        return _Startup.UNCLEAR
    if tls and not ((yield Ask(_SSL_REQUEST, bool)).data == b"S" and (yield from tls_works())):
        return _Startup.UNCLEAR
    return (yield from _start())


def _start() -> Dialogue[_Startup]:
    said = (yield Ask(_STARTUP, _is_message)).data
    if said.startswith(_AUTHENTICATION_OK):
        yield Ask(_TERMINATE, bool, 0.0)
        return _Startup.LET_IN
    if _AUTHENTICATION.match(said):
        return _Startup.ASKED
    if not _ERROR.match(said):
        return _Startup.UNCLEAR
    if _POOLER_WANTS_TLS.search(said):
        return _Startup.WANTS_TLS
    if _TURNED_AWAY.search(said):
        return _Startup.TURNED_AWAY
    if _LET_IN.search(said):
        return _Startup.LET_IN
    return _Startup.ASKED if _CHECKED.search(said) else _Startup.UNCLEAR


def _is_message(data: bytes) -> bool:
    return len(data) >= 5 and len(data) > int.from_bytes(data[1:5], "big")


def _answer(acceptance: Acceptance, start: _Startup) -> ProbeAnswer:
    authentication = Authentication.UNKNOWN
    if start is _Startup.ASKED:
        authentication = Authentication.REQUIRED
    elif start is _Startup.LET_IN:  # "trust" in pg_hba.conf: what was missing is only the user
        authentication = Authentication.NONE
    return ProbeAnswer(protocol="postgresql", acceptance=acceptance, authentication=authentication)
