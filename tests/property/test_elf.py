from hypothesis import example, given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats import elf

LOAD, STACK = 1, 0x6474E551


def parses_or_refuses(data: bytes) -> None:
    def read(offset: int, length: int) -> bytes:
        assert 0 <= offset <= 1 << 62, "a place no file can have"
        assert 0 <= length <= 4 * 1024 * 1024, "more than headers may take"
        return data[offset : offset + length]

    try:
        image = elf.read_image(data[: elf.HEAD_SIZE], read)
    except ParseError:
        return
    if image is not None:
        elf.kind_of(image, read)


@given(st.binary(max_size=300))
@example(b"\x7fELF")
def test_any_bytes_give_a_value_or_a_parse_error(data):
    parses_or_refuses(data)


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic_give_a_value_or_a_parse_error(data):
    parses_or_refuses(elf.MAGIC + data)


segments = st.lists(
    st.tuples(
        st.sampled_from([0, LOAD, 2, 3, 6, STACK]),
        st.integers(0, 7),
        st.integers(0, (1 << 32) - 1),
        st.integers(0, (1 << 32) - 1),
        st.integers(0, (1 << 32) - 1),
    ),
    max_size=20,
)


@given(
    segments=segments,
    bits=st.sampled_from([32, 64]),
    order=st.sampled_from(["little", "big"]),
    kind=st.sampled_from([2, 3]),
    machine=st.sampled_from([3, 8, 21, 22, 40, 62, 183, 243]),
    damage=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 2000),
)
def test_damaged_headers_give_a_value_or_a_parse_error(make_elf, segments, bits, order, kind, machine, damage, cut):
    data = bytearray(make_elf(segments, bits=bits, order=order, kind=kind, machine=machine, dynamic=[(14, 1)]))
    for place, value in damage:
        data[place % len(data)] = value
    parses_or_refuses(bytes(data[:cut]))
    parses_or_refuses(bytes(data))


@given(segments=segments, bits=st.sampled_from([32, 64]), order=st.sampled_from(["little", "big"]))
def test_what_was_written_is_what_is_read(make_elf, segments, bits, order):
    data = make_elf(segments, bits=bits, order=order, machine=8)
    image = elf.read_image(data, lambda offset, length: data[offset : offset + length])
    stacks = [flags for kind, flags, *_ in segments if kind == STACK]
    expected = "missing" if not stacks else "executable" if stacks[-1] & 1 else "non-executable"
    assert image is not None
    assert image.stack == expected
    assert image.writable_executable == any(
        kind == LOAD and flags & 3 == 3 and in_memory for kind, flags, _, in_memory, _ in segments
    )
