"""What a report format is; the explicit list of them is in ``javert.report.registry``."""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from javert.model.assessment import Assessment, FlowSummary


class Flows(Protocol):
    """The flows of a capture, in memory or not."""

    def __len__(self) -> int:
        """How many there are."""

    def __iter__(self) -> Iterator[FlowSummary]:
        """Each of them, from the first."""


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
        render_capture: the same in pieces, with flows that need not be in memory in the place of the assessment's
            own; None: the format shows no flows.
    """

    name: str
    render: Callable[[Assessment, Page], bytes]
    render_capture: Callable[[Assessment, Page, Flows], Iterator[bytes]] | None = None
