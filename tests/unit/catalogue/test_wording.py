"""Durations, sizes and names from the host as people read them."""

import pytest

from javert.catalogue.lookup import Language
from javert.catalogue.wording import duration, printable, size


@pytest.mark.parametrize(
    ("seconds", "english", "japanese"),
    [
        (0, "0 s", "0秒"),
        (0.4, "0 s", "0秒"),
        (1, "1 s", "1秒"),
        (59.6, "1 min", "1分"),
        (90, "1 min 30 s", "1分30秒"),
        (3600, "1 h", "1時間"),
        (3601, "1 h", "1時間"),
        (5400, "1 h 30 min", "1時間30分"),
        (90_000, "1 d 1 h", "1日1時間"),
        (-5, "0 s", "0秒"),
    ],
)
def test_duration(seconds, english, japanese):
    assert duration(seconds, Language.ENGLISH) == english
    assert duration(seconds, Language.JAPANESE) == japanese


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (3 * 1024**3, "3.0 GiB"),
        (2**60, "1024.0 PiB"),
    ],
)
def test_size(count, words):
    assert size(count) == words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/usr/bin/curl", "/usr/bin/curl"),
        ("サーバー é", "サーバー é"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("x\u202egnp.sh", "x\\u202egnp.sh"),
        ("a\u2028b", "a\\u2028b"),
        ("\udcff", "\\udcff"),
        ("a\x7fb", "a\\x7fb"),
        ("", ""),
    ],
)
def test_printable(value, shown):
    assert printable(value) == shown
