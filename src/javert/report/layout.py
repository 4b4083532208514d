"""Lays text out in the cells of a terminal, in which a Japanese character takes two."""

import unicodedata
from collections.abc import Iterator

_NO_LINE_START = frozenset("、。，．・：；？！）」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々,.:;?!)]}%")
"""Characters that may not begin a line (JIS X 4051, in short)."""
_NO_LINE_END = frozenset("（「『【〔〈《([{")
"""Characters that may not end a line."""


def cells(text: str) -> int:
    """How many terminal cells ``text`` takes (UAX 11: wide and full-width two, combining marks none)."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def padded(text: str, width: int) -> str:
    """``text`` with spaces behind it up to ``width`` cells."""
    return text + " " * max(0, width - cells(text))


def wrap(text: str, width: int) -> list[str]:
    """The lines of ``text``, each at most ``width`` cells if it can be broken.

    Lines break at spaces and between wide characters. A word that is too long, such as a path, stays whole, so that
    it can be copied; so does a line that begins with a space, such as a command.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        if paragraph.startswith(" "):
            lines.append(paragraph)
        else:
            lines.extend(_filled(paragraph, width))
    return lines


def _filled(paragraph: str, width: int) -> Iterator[str]:
    line = ""
    taken = 0
    for piece in _pieces(paragraph):
        needed = cells(piece.rstrip(" "))
        if line and taken + needed > width:
            yield line.rstrip(" ")
            line, taken = "", 0
        line += piece
        taken += cells(piece)
    yield line.rstrip(" ")


def _pieces(paragraph: str) -> Iterator[str]:
    """What may not be broken: words with the spaces behind them, single wide characters, both with punctuation."""
    piece = ""
    for character in paragraph:
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    if after in _NO_LINE_START or before in _NO_LINE_END:
        return False
    return _cells_of(before) == 2 or _cells_of(after) == 2
