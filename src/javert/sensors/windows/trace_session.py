"""A real-time session of event tracing (ETW) on Microsoft-Windows-Kernel-Network.

Source: "Event Tracing", Win32 documentation: StartTraceW, EnableTraceEx2, OpenTraceW, ProcessTrace, ControlTraceW.
Events come in a thread of their own, about a second after they happened; they wait in memory until they are taken.
"""

import ctypes
import threading
from collections import deque
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from javert.errors import SensorError
from javert.formats.kernel_network import IPV4, IPV6
from javert.sensors.windows.trace_structures import (
    CONTROL_CODE_DISABLE_PROVIDER,
    CONTROL_CODE_ENABLE_PROVIDER,
    CONTROL_QUERY,
    CONTROL_STOP,
    ERROR_ALREADY_EXISTS,
    ERROR_SUCCESS,
    INVALID_TRACE,
    KERNEL_NETWORK,
    PROCESS_TRACE_MODE_EVENT_RECORD,
    PROCESS_TRACE_MODE_REAL_TIME,
    TRACE_LEVEL_INFORMATION,
    EventRecord,
    LogFile,
    Properties,
    RecordCallback,
    epoch,
)

SESSION_NAME = "Javert"
SESSION = UUID("6d7e2f0b-52b3-4a7f-9a3e-3c1d6d2f8a51")
"""The session's own identity."""
MOST_WAITING = 100_000
"""Events that wait to be taken; what comes beyond is lost, and counted."""
_STARTING_S = 0.2
_ENDING_S = 5.0
_PROVIDER = KERNEL_NETWORK.bytes_le


class TraceApi(Protocol):
    """The functions of advapi32.dll, each with its status; 0 is success."""

    def start(self, name: str, properties: Properties) -> tuple[int, int]:
        """StartTraceW: status and the session's handle."""

    def enable(self, session: int, code: int, level: int, keywords: int) -> int:
        """EnableTraceEx2 for Microsoft-Windows-Kernel-Network."""

    def control(self, name: str, properties: Properties, code: int) -> int:
        """ControlTraceW on the session of that name; fills in the properties."""

    def open(self, log_file: LogFile) -> int:
        """OpenTraceW: a handle, INVALID_TRACE if it fails."""

    def process(self, trace: int) -> int:
        """ProcessTrace: calls back with events, and returns when the session has ended."""

    def close(self, trace: int) -> int:
        """CloseTrace."""

    def last_error(self) -> int:
        """GetLastError."""

    def words(self, status: int) -> str:
        """FormatMessageW: what Windows says of a status."""


class RawEvent(NamedTuple):
    """An event as it came: its number, when it happened (seconds since the epoch), and its payload."""

    number: int
    at: float
    data: bytes


class TraceSession:
    """The session. Only one of its name can be there: one that a killed Javert left behind is stopped first."""

    def __init__(self, api: TraceApi) -> None:
        self._api = api
        self._waiting: deque[RawEvent] = deque()
        self._overflow = 0
        self._kernel_lost = 0
        self._session = 0
        self._trace = INVALID_TRACE
        self._ended: int | None = None
        # ctypes must not let go of the callback as long as the session is there.
        self._callback: Any = RecordCallback(self.take)
        self._thread = threading.Thread(target=self._process, name="javert-etw", daemon=True)

    @property
    def lost(self) -> int:
        """Events and buffers that did not come, as far as Windows counts them, and events there was no room for."""
        return self._kernel_lost + self._overflow

    def start(self) -> None:
        """Begin; what happens from now on will come.

        Raises:
            SensorError: Windows refuses, or gives no events.
        """
        status, self._session = self._begin()
        if status:
            raise self._refused("StartTrace", status)
        try:
            self._listen()
        except SensorError:
            self.stop()
            raise

    def _begin(self) -> tuple[int, int]:
        status, session = self._api.start(SESSION_NAME, Properties.make(SESSION))
        if status == ERROR_ALREADY_EXISTS:
            self._api.control(SESSION_NAME, Properties.make(SESSION), CONTROL_STOP)
            status, session = self._api.start(SESSION_NAME, Properties.make(SESSION))
        return status, session

    def _listen(self) -> None:
        status = self._api.enable(self._session, CONTROL_CODE_ENABLE_PROVIDER, TRACE_LEVEL_INFORMATION, IPV4 | IPV6)
        if status:
            raise self._refused("EnableTraceEx2", status)
        log_file = LogFile(
            logger_name=SESSION_NAME,
            mode=PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD,
            record_callback=self._callback,
        )
        self._trace = self._api.open(log_file)
        if self._trace == INVALID_TRACE:
            raise self._refused("OpenTrace", self._api.last_error())
        self._thread.start()
        self._thread.join(_STARTING_S)  # it returns at once if it fails, and else at the session's end
        if self._ended is not None:
            raise self._refused("ProcessTrace", self._ended)

    @property
    def failure(self) -> str:
        """Why no more events come although the session was not stopped; "" as long as they do."""
        if self._ended is None or not self._session:
            return ""
        return f"ProcessTrace ended: {self._words(self._ended)}"

    def take(self, record: "ctypes._Pointer[EventRecord]") -> None:
        """Take in an event; Windows calls this from the session's thread."""
        event = record.contents
        if bytes(event.provider.bytes) != _PROVIDER:
            return  # the session's own, such as that of its beginning
        if len(self._waiting) >= MOST_WAITING:
            self._overflow += 1
            return
        data = ctypes.string_at(event.user_data, event.user_data_length) if event.user_data_length else b""
        self._waiting.append(RawEvent(int(event.descriptor.id), epoch(event.time_stamp), data))

    def events(self) -> list[RawEvent]:
        """The events that came since this was last asked, oldest first."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def count_losses(self) -> None:
        """Ask Windows what it lost."""
        properties = Properties.make(SESSION)
        if self._api.control(SESSION_NAME, properties, CONTROL_QUERY) == ERROR_SUCCESS:
            self._note_losses(properties)

    def stop(self) -> None:
        """End the session, and wait a moment for its last events."""
        if not self._session:
            return
        self._api.enable(self._session, CONTROL_CODE_DISABLE_PROVIDER, 0, 0)
        properties = Properties.make(SESSION)
        if self._api.control(SESSION_NAME, properties, CONTROL_STOP) == ERROR_SUCCESS:
            self._note_losses(properties)
        self._session = 0
        if self._thread.is_alive():
            self._thread.join(_ENDING_S)
        if self._trace != INVALID_TRACE:
            self._api.close(self._trace)
            self._trace = INVALID_TRACE

    def _note_losses(self, properties: Properties) -> None:
        lost = properties.events_lost + properties.real_time_buffers_lost + properties.log_buffers_lost
        self._kernel_lost = max(self._kernel_lost, int(lost))

    def _process(self) -> None:
        self._ended = self._api.process(self._trace)

    def _refused(self, function: str, status: int) -> SensorError:
        return SensorError(f"{function}: {self._words(status)}")

    def _words(self, status: int) -> str:
        return f"{self._api.words(status).strip().rstrip('.') or 'no reason given'} ({status})"
