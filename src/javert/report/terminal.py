"""The report for a person at a terminal: what is wrong and what to do, then what was not seen, then coverage."""

from collections.abc import Iterable, Iterator

import msgspec

from javert.catalogue.lookup import Language, text
from javert.catalogue.wording import duration, printable
from javert.model.assessment import Assessment, Exclusion, Finding, Outcome, RuleResult
from javert.model.rule_id import RuleId, Severity
from javert.report.facts import Fact, facts, fixes, way_line
from javert.report.flow_list import flow_lines
from javert.report.grouping import Group, grouped
from javert.report.interface import Flows, Format, Page
from javert.report.layout import cells, padded, wrap
from javert.report.words import Words

_WIDEST = 110
"""Prose in longer lines is hard to read."""
_NARROWEST = 40

_BOLD, _DIM = "1", "2"
_COLOURS = {Severity.HIGH: "1;31", Severity.MEDIUM: "33", Severity.LOW: "36", Severity.INFORMATIONAL: "34"}
_OUTCOME_COLOURS = {Outcome.CLEAR: "32", Outcome.NOT_APPLICABLE: _DIM, Outcome.FINDING: _BOLD}
_NOT_JUDGED_COLOUR = "33"


def render(assessment: Assessment, page: Page) -> bytes:
    """The report as UTF-8 text, with colours only if the page has them."""
    flows = None if assessment.flows is msgspec.UNSET else assessment.flows
    return _Report(assessment, page, flows).text().encode("utf-8", "backslashreplace")


def render_capture(assessment: Assessment, page: Page, flows: Flows) -> Iterator[bytes]:
    """The same of a capture whose flows are not in memory."""
    yield _Report(assessment, page, flows).text().encode("utf-8", "backslashreplace")


FORMAT = Format(name="terminal", render=render, render_capture=render_capture)


class _Report:
    def __init__(self, assessment: Assessment, page: Page, flows: Flows | None) -> None:
        self._assessment = assessment
        self._flows = flows
        self._language = (
            Language(assessment.language) if assessment.language in list(Language) else Language.ENGLISH
        )
        self._words = Words(self._language)
        self._width = min(max(page.width, _NARROWEST), _WIDEST)
        self._colour = page.colour
        self._lines: list[str] = []

    def text(self) -> str:
        """The whole report."""
        self._header()
        self._findings()
        self._flow_list()
        self._exclusions()
        self._coverage()
        return "\n".join(line.rstrip() for line in self._lines) + "\n"

    # ------------------------------------------------------------ parts

    def _header(self) -> None:
        host, run = self._assessment.host, self._assessment.run
        version = f"Javert {run.javert_version}"
        self._put(f"{self._painted(printable(host.hostname), _BOLD)}  {self._painted(printable(version), _DIM)}")
        system = f"{host.os} {host.kernel} {host.architecture}".strip()
        self._facts(
            (
                self._fact("host", (*filter(None, (printable(system),)), *self._joined(host.addresses))),
                self._fact("run", (printable(run.id), self._words.value(run.state.value, "state-"))),
                self._fact("window" if self._flows is None else "captured", (self._window(),)),
            )
        )
        self._put()
        for line in self._summary():
            self._wrapped(line, "", _BOLD)
        self._put()

    def _window(self) -> str:
        run = self._assessment.run
        return self._words.phrase(
            "window",
            start=_moment(run.started_at),
            end=_moment(run.ended_at),
            duration=duration(run.duration_s, self._language),
        )

    def _joined(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return (printable(", ".join(addresses)),) if addresses else ()

    def _summary(self) -> Iterator[str]:
        findings, rules = self._assessment.findings, self._assessment.rules
        unjudged = sum(rule.outcome in (Outcome.NOT_AVAILABLE, Outcome.ERROR) for rule in rules)
        if findings:
            between = self._words.phrase("summary.between")
            counts = [
                self._words.phrase("summary.count", count=count, severity=self._severity(severity))
                for severity in Severity
                if (count := sum(finding.severity is severity for finding in findings))
            ]
            yield self._words.phrase("summary.findings", count=len(findings), counts=between.join(counts))
        elif any(rule.outcome is Outcome.CLEAR for rule in rules) and not unjudged:
            yield self._words.phrase("summary.clean")
        else:
            yield self._words.phrase("summary.nothing_seen" + ("" if self._flows is None else ".capture"))
        if unjudged:
            yield self._words.phrase("summary.unjudged", count=unjudged, rules=len(rules))
        if self._assessment.exclusions:
            yield self._words.phrase("summary.exclusions", count=len(self._gathered_exclusions()))

    def _findings(self) -> None:
        for severity in Severity:
            findings = tuple(finding for finding in self._assessment.findings if finding.severity is severity)
            if not findings:
                continue
            title = self._words.phrase(
                "severity_heading", severity=self._severity(severity), number=severity.number, count=len(findings)
            )
            self._heading(title, _COLOURS[severity])
            for entry in grouped(findings, self._language):
                if isinstance(entry, Group):
                    self._group(entry)
                else:
                    self._finding(entry)

    def _finding(self, finding: Finding) -> None:
        self._title(finding.title, finding.severity)
        self._wrapped(finding.description, "  ")
        self._recommendation([finding.recommendation])
        self._facts(facts(finding, self._language))
        self._reference((finding,))

    def _group(self, group: Group) -> None:
        first = group.findings[0]
        self._title(group.title, first.severity)
        self._wrapped(self._words.phrase("group.first", description=first.description), "  ")
        recommendations = list(dict.fromkeys(finding.recommendation for finding in group.findings))
        self._recommendation(recommendations[:1])
        if len(recommendations) > 1:
            self._wrapped(self._words.phrase("group.likewise"), "    ")
        self._facts(
            (
                self._fact("ways", (way_line(way, self._language) for way in group.ways)),
                self._fact("fix", map(printable, fixes(group.ways)), command=True),
                self._fact("all", group.members),
            )
        )
        self._reference(group.findings)

    def _flow_list(self) -> None:
        if self._flows is None:
            return
        self._heading(self._words.phrase("flows_heading", count=len(self._flows)), _BOLD)
        for line in flow_lines(self._flows, self._words):
            first, *others = wrap(line, self._width - 4)
            self._put(f"  {first}")
            for other in others:
                self._put(f"    {other}")
        self._put()

    def _exclusions(self) -> None:
        gathered = self._gathered_exclusions()
        if not gathered:
            return
        self._heading(self._words.phrase("exclusions_heading", count=len(gathered)), _BOLD)
        for (title, description, recommendation), same in gathered.items():
            self._title(title, None)
            self._wrapped(description, "  ")
            self._recommendation([recommendation])
            scopes = dict.fromkeys(exclusion.scope for exclusion in same)
            rules = dict.fromkeys(exclusion.rule_id for exclusion in same if exclusion.rule_id)
            self._facts(
                (
                    self._fact("scope", map(printable, scopes)),
                    self._fact("rules", (rule.value for rule in rules)),
                )
            )
            self._put()

    def _gathered_exclusions(self) -> dict[tuple[str, str, str], list[Exclusion]]:
        """Exclusions by their words: what touches several rules or places is told once."""
        gathered: dict[tuple[str, str, str], list[Exclusion]] = {}
        for exclusion in self._assessment.exclusions:
            words = (exclusion.title, exclusion.description, exclusion.recommendation)
            gathered.setdefault(words, []).append(exclusion)
        return gathered

    def _coverage(self) -> None:
        self._heading(self._words.phrase("coverage_heading"), _BOLD)
        names = {rule.id: self._rule_name(rule.id) for rule in self._assessment.rules}
        widest = max((cells(name) for name in names.values()), default=0)
        for rule in self._assessment.rules:
            colour = _OUTCOME_COLOURS.get(rule.outcome, _NOT_JUDGED_COLOUR)
            outcome = self._painted(self._outcome(rule), colour)
            self._put(f"  {padded(names[rule.id], widest)}  {outcome}")
            counted = ", ".join(
                f"{self._words.value(name, 'coverage-').replace('_', ' ')}: {self._counted(value)}"
                for name, value in rule.coverage.items()
            )
            if counted:
                self._wrapped(counted, "    ", _DIM)
        for sensor in self._assessment.sensors:
            line = self._words.phrase(
                "sensor", name=printable(sensor.name), records=sensor.records, lost=sensor.lost
            )
            self._wrapped(line, "  ", _DIM)

    # ------------------------------------------------------------ pieces

    def _severity(self, severity: Severity) -> str:
        return self._words.value(severity.value, "severity-")

    def _outcome(self, rule: RuleResult) -> str:
        if rule.outcome is Outcome.FINDING:
            count = sum(finding.rule_id is rule.id for finding in self._assessment.findings)
            return self._words.phrase("outcome.findings", count=count)
        return self._words.value(rule.outcome.value, "outcome-")

    def _counted(self, value: float | str | bool) -> str:
        if isinstance(value, bool):
            return self._words.value("yes" if value else "no")
        return printable(str(value))

    def _rule_name(self, rule: RuleId) -> str:
        try:
            return text(f"rule.{rule.value}.name", self._language)
        except KeyError:
            return rule.value

    def _fact(self, name: str, lines: Iterable[str], *, command: bool = False) -> Fact:
        return Fact(label=self._words.label(name), lines=tuple(lines), command=command)

    def _title(self, title: str, severity: Severity | None) -> None:
        lines = wrap(printable(title), self._width - 2)
        colour = _COLOURS[severity] if severity else _BOLD
        for number, line in enumerate(lines):
            self._put(self._painted(("* " if number == 0 else "  ") + line.rstrip(), colour))

    def _recommendation(self, recommendations: list[str]) -> None:
        for recommendation in recommendations:
            self._put("  " + self._painted(self._words.phrase("what_to_do"), _BOLD))
            self._wrapped(recommendation, "    ")

    def _facts(self, shown: Iterable[Fact]) -> None:
        known = [fact for fact in shown if fact.lines]
        widest = max((cells(fact.label) for fact in known), default=0)
        for fact in known:
            label = self._painted(fact.label, _DIM) + " " * (widest - cells(fact.label))
            for line in self._fitted(fact, self._width - widest - 4):
                self._put(f"  {label}  {line}")
                label = " " * widest

    def _fitted(self, fact: Fact, width: int) -> Iterator[str]:
        """The lines of a fact; what goes on in the next line of the terminal is indented. Commands stay whole."""
        for line in fact.lines:
            if fact.command:
                yield line
            else:
                first, *others = wrap(line, width - 2)
                yield first
                yield from (f"  {other}" for other in others)

    def _reference(self, findings: tuple[Finding, ...]) -> None:
        """Where to read on: the rule's id, when it was seen, and a single finding's fingerprint."""
        first = min(finding.first_seen for finding in findings)
        last = max(finding.last_seen for finding in findings)
        reference = self._words.phrase(
            "reference", rule=findings[0].rule_id.value, first=self._brief(first), last=self._brief(last)
        )
        if len(findings) == 1:
            reference += f" · {printable(findings[0].fingerprint)}"
        self._wrapped(reference, "  ", _DIM)
        self._put()

    def _brief(self, timestamp: str) -> str:
        """The moment without its date if that is the day on which the run began."""
        today = timestamp[:10] == self._assessment.run.started_at[:10]
        return _moment(timestamp)[11:] if today else _moment(timestamp)

    def _heading(self, title: str, colour: str) -> None:
        rule = "─" * max(3, self._width - cells(title) - 4)
        self._put(self._painted(f"── {title} {rule}", colour))

    def _wrapped(self, words: str, indent: str, colour: str = "") -> None:
        """Prose; its line ends are the catalogue's, everything else in it is made printable."""
        safe = "\n".join(printable(line) for line in words.split("\n"))
        for line in wrap(safe, self._width - len(indent)):
            self._put(self._painted((indent + line).rstrip(), colour) if colour else indent + line)

    def _painted(self, words: str, colour: str) -> str:
        return f"\x1b[{colour}m{words}\x1b[0m" if self._colour else words

    def _put(self, line: str = "") -> None:
        self._lines.append(line)


def _moment(timestamp: str) -> str:
    """An RFC 3339 time as people write it: to the second, with a space."""
    return printable(timestamp[:19].replace("T", " "))
