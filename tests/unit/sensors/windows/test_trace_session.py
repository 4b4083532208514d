"""The session of event tracing, against functions of advapi32 that the test plays."""

import ctypes
import threading

import pytest

from javert.errors import SensorError
from javert.sensors.windows import trace_session
from javert.sensors.windows.trace_session import SESSION_NAME, TraceSession
from javert.sensors.windows.trace_structures import (
    INVALID_TRACE,
    KERNEL_NETWORK,
    EventRecord,
    LogFile,
    Properties,
    epoch,
    guid,
)

MOMENT = 133_500_000_000_000_000
"""A FILETIME of January 2024."""


class Advapi32:
    """Answers as told; ``calls`` are the functions in order."""

    def __init__(self, **answers):
        self.calls = []
        self.answers = {"start": [0], "enable": 0, "open": 7, "process": 0, "lost": (0, 0, 0)} | answers
        self.ended = threading.Event()

    def start(self, name, properties):
        self.calls.append(("start", name))
        self.ended.clear()
        assert properties.size == ctypes.sizeof(Properties)
        assert properties.logger_name_offset == 120
        return self.answers["start"].pop(0), 5

    def enable(self, session, code, level, keywords):
        self.calls.append(("enable", session, code, keywords))
        return self.answers["enable"]

    def control(self, name, properties, code):
        self.calls.append(("control", name, code))
        properties.events_lost, properties.real_time_buffers_lost, properties.log_buffers_lost = self.answers[
            "lost"
        ]
        if code == 1:
            self.ended.set()
        return 0

    def open(self, log_file):
        self.calls.append(("open", log_file.logger_name))
        self.callback = log_file.record_callback
        return self.answers["open"]

    def process(self, trace):
        if not self.answers["process"]:
            self.ended.wait(30)
        return self.answers["process"]

    def close(self, trace):
        self.calls.append(("close", trace))
        return 0

    def last_error(self):
        return 5

    def words(self, status):
        return {5: "Access is denied.", 1450: "Insufficient system resources exist.\r\n"}.get(status, "")


def record(number=10, data=b"payload", provider=KERNEL_NETWORK):
    made = EventRecord()
    made.provider = guid(provider)
    made.descriptor.id = number
    made.time_stamp = MOMENT
    buffer = ctypes.create_string_buffer(data, len(data))
    made.user_data, made.user_data_length = ctypes.addressof(buffer), len(data)
    return made, buffer


@pytest.fixture
def started():
    api = Advapi32()
    session = TraceSession(api)
    session.start()
    yield api, session
    session.stop()


def test_structures_are_as_long_as_the_headers_say():
    sizes = [ctypes.sizeof(kind) for kind in (LogFile, EventRecord)] + [Properties.name.offset]
    assert sizes == [448, 112, 120]


def test_what_is_asked_for(started):
    api, session = started
    session.stop()
    assert api.calls == [
        ("start", "Javert"),
        ("enable", 5, 1, 0x30),
        ("open", "Javert"),
        ("enable", 5, 0, 0),
        ("control", "Javert", 1),
        ("close", 7),
    ]


def test_an_event_comes_through_the_callback_that_windows_calls(started):
    api, session = started
    made, _buffer = record(12, b"\x01\x00\x02")
    api.callback(ctypes.pointer(made))
    (event,) = session.events()
    assert (event.number, event.data) == (12, b"\x01\x00\x02")
    assert event.at == pytest.approx(1_705_526_400.0)
    assert session.events() == []


def test_an_event_without_payload_is_taken(started):
    api, session = started
    made, _buffer = record(12, b"")
    made.user_data = None
    api.callback(ctypes.pointer(made))
    assert session.events()[0].data == b""


def test_the_sessions_own_events_are_not_the_providers(started):
    api, session = started
    made, _buffer = record(provider=trace_session.SESSION)
    api.callback(ctypes.pointer(made))
    assert session.events() == []


def test_a_session_left_over_is_stopped_first():
    api = Advapi32(start=[183, 0])
    session = TraceSession(api)
    session.start()
    assert api.calls[:3] == [("start", SESSION_NAME), ("control", SESSION_NAME, 1), ("start", SESSION_NAME)]
    session.stop()


def test_one_that_stays_is_a_refusal():
    with pytest.raises(SensorError, match=r"^StartTrace: no reason given \(183\)$"):
        TraceSession(Advapi32(start=[183, 183])).start()


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"start": [5]}, "StartTrace: Access is denied (5)"),
        ({"start": [1450]}, "StartTrace: Insufficient system resources exist (1450)"),
        ({"enable": 5}, "EnableTraceEx2: Access is denied (5)"),
        ({"open": INVALID_TRACE}, "OpenTrace: Access is denied (5)"),
        ({"process": 5}, "ProcessTrace: Access is denied (5)"),
    ],
)
def test_a_refusal_is_told_and_leaves_nothing_behind(answers, message):
    api = Advapi32(**answers)
    with pytest.raises(SensorError) as refused:
        TraceSession(api).start()
    assert str(refused.value) == message
    stopped = ("control", SESSION_NAME, 1) in api.calls
    assert stopped is ("start" not in answers)


def test_what_windows_lost_is_counted_once(started):
    api, session = started
    api.answers["lost"] = (3, 2, 1)
    session.count_losses()
    session.count_losses()
    assert session.lost == 6
    session.stop()
    assert session.lost == 6


def test_what_there_is_no_room_for_is_lost(started, monkeypatch):
    api, session = started
    monkeypatch.setattr(trace_session, "MOST_WAITING", 2)
    made, _buffer = record()
    for _ in range(5):
        api.callback(ctypes.pointer(made))
    assert len(session.events()) == 2
    assert session.lost == 3


def test_a_session_that_somebody_else_stops_is_a_failure(started):
    api, session = started
    assert session.failure == ""
    api.ended.set()
    session._thread.join(30)
    assert session.failure == "ProcessTrace ended: no reason given (0)"


def test_moments_are_those_of_the_epoch():
    assert epoch(116_444_736_000_000_000) == 0.0
