"""What a report format is; the explicit list of them is in ``javert.report.registry``."""

from collections.abc import Callable

import msgspec

from javert.model.assessment import Assessment


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What the report is written on.

    Attributes:
        width: columns of the terminal; formats that are not text ignore it.
        colour: ANSI colours are understood, ECMA-48.
    """

    width: int = 80
    colour: bool = False


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A report format.

    Attributes:
        name: as ``--format`` takes it.
        render: the whole report as bytes, in the language of the assessment; text is UTF-8.
    """

    name: str
    render: Callable[[Assessment, Page], bytes]
