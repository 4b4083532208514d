"""Puts values into words: durations, sizes, and text from the host that must not act on a terminal."""

import unicodedata

from javert.catalogue.lookup import Language

_UNITS = ((86400, "d", "日"), (3600, "h", "時間"), (60, "min", "分"), (1, "s", "秒"))


def duration(seconds: float, language: Language) -> str:
    """Seconds in the two largest units that matter: "1 h 30 min", "1時間30分"; below a second "0 s"."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, english, japanese in _UNITS:
        count, left = divmod(left, size)
        if count or (size == 1 and not parts):
            parts.append(f"{count}{japanese}" if language is Language.JAPANESE else f"{count} {english}")
        elif parts:
            break
    return ("" if language is Language.JAPANESE else " ").join(parts[:2])


def size(count: int) -> str:
    """Bytes in binary units: "0 B", "1.5 KiB", "2.0 GiB"."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} PiB"


def printable(value: str) -> str:
    r"""``value`` with everything that could act on a terminal or hide text written as an escape such as ``\x1b``.

    These are controls, format characters such as bidirectional overrides, line and paragraph separators,
    surrogates, private-use and unassigned characters (Unicode categories C*, Zl, Zp). A name from the host can
    thus neither move the cursor nor forge a line of a report.
    """
    if value.isascii() and value.isprintable():
        return value
    return "".join(_escaped(character) for character in value)


def _escaped(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] != "C" and category not in ("Zl", "Zp"):
        return character
    return character.encode("unicode_escape").decode("ascii")
