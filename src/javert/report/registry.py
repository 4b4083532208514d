"""The report formats, in the order in which help names them."""

from javert.report import json, terminal
from javert.report.interface import Format

FORMATS: tuple[Format, ...] = (terminal.FORMAT, json.FORMAT)
"""Every format of Javert; add a format's ``FORMAT`` here."""


def format_named(name: str) -> Format:
    """The format that ``--format`` calls ``name``.

    Raises:
        KeyError: there is none.
    """
    return {report_format.name: report_format for report_format in FORMATS}[name]
