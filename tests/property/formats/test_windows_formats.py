"""Whatever Windows might hand over, its parsers give a value or raise ParseError."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats.kernel_network import EVENT_IDS, parse_event
from javert.formats.packets import turned
from javert.formats.socket_tables import Table, parse_table


@given(st.integers(0, 70) | st.integers(0, 65535), st.binary(max_size=120))
def test_any_event(number, data):
    try:
        event = parse_event(number, data)
    except ParseError:
        return
    assert len(event.ends) in (12, 36)
    assert turned(turned(event.ends)) == event.ends


@given(
    st.sampled_from([number for number in EVENT_IDS if number in (10, 11, 42, 43)]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=4, max_size=4),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.binary(max_size=40),
)
def test_an_event_gives_back_its_fields(number, pid, size, source, destination, near, far, rest):
    data = struct.pack("<II", pid, size) + destination + source + struct.pack(">HH", far, near) + rest
    event = parse_event(number, data)
    assert (event.pid, event.size) == (pid, size)
    assert event.ends == source + destination + struct.pack(">HH", near, far)


@given(st.sampled_from(list(Table)), st.binary(max_size=600))
def test_any_table(table, data):
    try:
        rows = parse_table(table, data)
    except ParseError:
        return
    assert all(0 <= row.port < 65536 for row in rows)


@given(st.sampled_from(list(Table)), st.integers(0, 4), st.data())
def test_a_table_has_as_many_rows_as_it_says(table, count, data):
    rows = data.draw(st.binary(min_size=count * table.row, max_size=count * table.row))
    assert len(parse_table(table, count.to_bytes(4, "little") + bytes(4) + rows)) == count
