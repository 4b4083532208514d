"""What earlier runs on this host know of silent ports, kept in the state directory between runs.

One hour is short evidence that nobody uses a service. So each run that ends adds what it saw, and the next one
begins with it as telemetry: its journal holds all that its findings rest on.
"""

from pathlib import Path

import msgspec

from javert.assessment.files import replace_file
from javert.model.telemetry import EarlierSilence, SilentService
from javert.model.view import Telemetry
from javert.rules.unused_listening_tcp_port import silence_after

_NAME = "silent-ports.json"
_VERSION = 1
_LATEST = 253402300800.0
"""The year 10000: later times cannot be written as dates."""
_MOST = 100_000
"""Services that are kept; of more, those that were silent first are forgotten first."""


class _History(msgspec.Struct, frozen=True):
    """The file: whose it is, the run that wrote it, and the services."""

    version: int
    hostname: str
    run_id: str
    services: tuple[SilentService, ...]


def earlier_silence(state_directory: Path, hostname: str) -> EarlierSilence | None:
    """What earlier runs told; None where there was none, or the file is another host's, damaged or unreadable.

    Without it findings count this run alone, which is true and only less.
    """
    try:
        history = msgspec.json.decode((state_directory / _NAME).read_bytes(), type=_History)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    if history.version != _VERSION or history.hostname != hostname:
        return None
    services = tuple(service for service in history.services if _possible(service))
    return EarlierSilence(services=services) if services else None


def _possible(service: SilentService) -> bool:
    return 0.0 <= service.since < _LATEST and service.runs > 0 and service.watched_s >= 0.0


def remember_silence(state_directory: Path, telemetry: Telemetry) -> None:
    """Keep what the run saw for the next one.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    services = sorted(silence_after(telemetry), key=lambda service: service.since, reverse=True)[:_MOST]
    history = _History(_VERSION, telemetry.started.host.hostname, telemetry.started.run_id, tuple(services))
    replace_file(state_directory / _NAME, msgspec.json.encode(history) + b"\n")
