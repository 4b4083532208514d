"""Any records come back from a journal, however it was cut, damaged or compacted."""

import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.assessment.journal import read_records
from javert.errors import ParseError
from javert.model.codec import decode_record, encode_record
from javert.model.telemetry import AnyRecord, Endpoint, Heartbeat, Host, Limitation, RunStarted
from javert.model.view import assemble, identity

KINDS = AnyRecord.__args__
NUMBERS = st.integers(min_value=-(2**31), max_value=2**31)
MOMENTS = st.floats(min_value=0, max_value=2e9)
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
START = RunStarted(
    run_id="r",
    javert_version="0",
    started_at=0.0,
    planned_s=1.0,
    host=Host(hostname="h", os="linux", kernel="6", architecture="x"),
    rules=(),
)


def values_of(kind: Any) -> st.SearchStrategy:
    """Values of a type as ``msgspec.inspect`` describes it."""
    inspect = msgspec.inspect
    match kind:
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return NUMBERS
        case inspect.FloatType():
            return MOMENTS
        case inspect.StrType():
            return TEXTS
        case inspect.NoneType():
            return st.none()
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.VarTupleType():
            return st.lists(values_of(kind.item_type), max_size=2).map(tuple)
        case inspect.DictType():
            return st.dictionaries(values_of(kind.key_type), values_of(kind.value_type), max_size=2)
        case inspect.UnionType():
            return st.one_of([values_of(each) for each in kind.types])
        case inspect.StructType():
            return records_of(kind.cls)
    raise NotImplementedError(kind)


def records_of(kind: type) -> st.SearchStrategy:
    fields = msgspec.inspect.type_info(kind).fields
    return st.builds(kind, **{field.name: values_of(field.type) for field in fields})


RECORDS = st.one_of([records_of(kind) for kind in KINDS if kind is not RunStarted])


def written(records):
    return b"".join(encode_record(record) + b"\n" for record in records)


def read(data):
    return list(read_records(io.BytesIO(data)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_record_comes_back(kind):
    @given(records_of(kind))
    def comes_back(record):
        line = encode_record(record)
        assert b"\n" not in line
        assert decode_record(line) == record

    comes_back()


@given(st.text(max_size=30))
def test_any_name_is_written_and_read(name):
    assert decode_record(encode_record(Limitation(code=name, rules=()))).rules == ()


@given(st.lists(RECORDS, max_size=6), st.data())
def test_a_journal_cut_anywhere_gives_its_whole_records_and_says_so(records, data):
    whole = written([START, *records])
    cut = data.draw(st.integers(min_value=len(written([START])), max_value=len(whole)))
    found = read(whole[:cut])
    complete = whole[:cut].count(b"\n")
    torn = not whole[:cut].endswith(b"\n")
    if torn and len(found) == complete + 1 and found[-1] in records:
        complete += 1  # only the line's end is missing
    assert found[:complete] == [START, *records][:complete]
    assert all(isinstance(record, Limitation) for record in found[complete:])
    assert len(found) - complete <= torn


@given(st.lists(RECORDS, min_size=1, max_size=5), st.data())
def test_a_damaged_byte_costs_its_line_and_no_other(records, data):
    lines = [encode_record(record) + b"\n" for record in (START, *records)]
    number = data.draw(st.integers(min_value=1, max_value=len(lines) - 1))
    damaged = lines.copy()
    damaged[number] = b"\x00" + lines[number][1:]
    found = read(b"".join(damaged))
    assert found[:number] == [START, *records][:number]
    assert found[number:-1] == records[number:]
    assert found[-1].code == ("journal-torn" if number == len(lines) - 1 else "journal-damaged")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_journal_or_a_parse_error(data):
    try:
        read(data)
    except ParseError as error:
        assert "\n" not in str(error)


def in_time(records):
    """The records as a run writes them: what counts on goes on, no moment lies before another."""
    now = 0.0
    for record in records:
        now += 1.0
        if isinstance(record, Heartbeat):
            yield Heartbeat(at=now)
        elif isinstance(record, Endpoint):
            yield msgspec.structs.replace(record, last_seen=now)
        else:
            yield record


@given(st.lists(RECORDS, max_size=20), st.data())
def test_only_the_last_record_of_each_identity_matters(records, data):
    again = data.draw(st.lists(st.sampled_from(records), max_size=10)) if records else []
    everything = [START, *in_time([*records, *again])]
    latest = {identity(record): record for record in everything}
    assert assemble(latest.values()) == assemble(everything)
