"""The JSON report, as docs/schema/assessment-1.0.json describes it; it is also how results are stored."""

from javert.model.assessment import Assessment
from javert.model.codec import encode_assessment
from javert.report.interface import Format, Page


def render(assessment: Assessment, page: Page) -> bytes:
    """The assessment as indented JSON, UTF-8; ``page`` does not matter."""
    return encode_assessment(assessment)


FORMAT = Format(name="json", render=render)
