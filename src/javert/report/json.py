"""The JSON report, as docs/schema/assessment-1.0.json describes it; it is also how results are stored."""

from collections.abc import Iterator

from javert.model.assessment import Assessment
from javert.model.codec import encode_assessment, encode_with_flows
from javert.report.interface import Flows, Format, Page


def render(assessment: Assessment, page: Page) -> bytes:
    """The assessment as indented JSON, UTF-8; ``page`` does not matter."""
    return encode_assessment(assessment)


def render_capture(assessment: Assessment, page: Page, flows: Flows) -> Iterator[bytes]:
    """The same in pieces, with ``flows``, one a line."""
    return encode_with_flows(assessment, flows)


FORMAT = Format(name="json", render=render, render_capture=render_capture)
