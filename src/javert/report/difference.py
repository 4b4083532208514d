"""Compares two assessments of a host by the fingerprints of their findings."""

import msgspec

from javert.catalogue.lookup import Language
from javert.catalogue.wording import printable
from javert.model.assessment import Assessment, Finding, Outcome
from javert.report.words import Words


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from an older assessment to a newer one; findings in the order of their assessment.

    Attributes:
        unjudged: findings of the older one whose rule the newer one could not judge, so nobody knows.
    """

    new: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    unjudged: tuple[Finding, ...]
    unchanged: tuple[Finding, ...]


def compare(old: Assessment, new: Assessment) -> Difference:
    """Sort the findings of both by what became of them."""
    before = {finding.fingerprint for finding in old.findings}
    now = {finding.fingerprint for finding in new.findings}
    judged = {rule.id for rule in new.rules if rule.outcome in (Outcome.FINDING, Outcome.CLEAR)}
    gone = [finding for finding in old.findings if finding.fingerprint not in now]
    return Difference(
        new=tuple(finding for finding in new.findings if finding.fingerprint not in before),
        fixed=tuple(finding for finding in gone if finding.rule_id in judged),
        unjudged=tuple(finding for finding in gone if finding.rule_id not in judged),
        unchanged=tuple(finding for finding in new.findings if finding.fingerprint in before),
    )


def render(difference: Difference, language: Language) -> str:
    """One line a finding, marked + new, - fixed, ? not judged again, = unchanged, after a line of counts."""
    words = Words(language)
    counts = {
        "new": len(difference.new),
        "fixed": len(difference.fixed),
        "unjudged": len(difference.unjudged),
        "unchanged": len(difference.unchanged),
    }
    lines = [words.phrase("difference", **counts)]
    for mark, findings in (
        ("+", difference.new),
        ("-", difference.fixed),
        ("?", difference.unjudged),
        ("=", difference.unchanged),
    ):
        for finding in findings:
            severity = words.value(finding.severity.value, "severity-")
            lines.append(f"{mark} {severity}: {printable(finding.title)} ({finding.rule_id.value})")
    return "\n".join(lines) + "\n"
