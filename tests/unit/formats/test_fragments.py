"""Reassembly in bounded memory."""

from javert.formats.fragments import Place, Reassembly

KEY = (b"\x01" * 4 + b"\x02" * 4, 17, b"\x00\x07")


def test_pieces_come_together_and_the_first_of_overlapping_ones_stands() -> None:
    reassembly = Reassembly()
    assert reassembly.add(KEY, Place(0, 8, True), b"aaaaaaaa", 0.0) is None
    assert reassembly.add(KEY, Place(0, 8, True), b"XXXXXXXX", 0.0) is None
    assert reassembly.add(KEY, Place(8, 4, False), b"bbbb", 0.0) == b"aaaaaaaabbbb"


def test_a_datagram_longer_than_ip_allows_is_refused() -> None:
    reassembly = Reassembly()
    assert reassembly.add(KEY, Place(65528, 100, False), b"x" * 100, 0.0) is None
    assert list(reassembly.flush()) == []


def test_old_pieces_do_not_mix_with_new_ones() -> None:
    reassembly = Reassembly()
    reassembly.add(KEY, Place(0, 8, True), b"old old ", 0.0)
    assert reassembly.add(KEY, Place(8, 4, False), b"new!", 100.0) is None


def test_memory_is_bounded() -> None:
    reassembly = Reassembly()
    for number in range(5000):
        key = (KEY[0], 17, number.to_bytes(2, "big"))
        reassembly.add(key, Place(0, 8, True), b"aaaaaaaa", 0.0)
    assert len(reassembly._open) <= 512
    assert len(list(reassembly.flush())) <= 1024


def test_a_piece_cut_by_a_short_capture_never_completes() -> None:
    reassembly = Reassembly()
    assert reassembly.add(KEY, Place(0, 800, True), b"x" * 54, 0.0) is None
    assert reassembly.add(KEY, Place(800, 4, False), b"bbbb", 0.0) is None
    ((protocol, addresses, data, length),) = reassembly.flush()
    assert (protocol, addresses, data, length) == (17, KEY[0], b"x" * 54, 54)
