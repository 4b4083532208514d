"""Turns the telemetry of a run into its assessment: every rule's verdict, in words. Pure."""

import hashlib
from collections.abc import Iterable

import msgspec

from javert.catalogue.lookup import Language, passage, stem_for, text
from javert.catalogue.wording import duration, printable
from javert.errors import fault_site
from javert.model.assessment import (
    Assessment,
    Exclusion,
    Finding,
    HostSummary,
    Outcome,
    RuleResult,
    Run,
    RunState,
    SensorSummary,
)
from javert.model.codec import to_builtins
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.moment import timestamp
from javert.model.rule_id import TRAFFIC_RULES, RuleId, Severity
from javert.model.telemetry import Limitation, RunStarted
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.registry import RULES
from javert.rules.remedies import shell_word

SHORT_RUN_S = 180.0
"""A run shorter than this says so."""

_NOTED_SLEEP_S = 1.0

_FAULTS = frozenset(
    {
        "sensor-failed",
        "journal-torn",
        "journal-damaged",
        "journal-unwritable",
        "run-cut-off",
        "rule-failed",
        "probe-failed",
        "probes-failed",
        "capture-cut",
        "capture-damaged",
    }
)
"""Codes of limitations that mean something went wrong, rather than was out of reach."""


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's part of the assessment; ``limitations`` are those of the rule itself."""

    result: RuleResult
    findings: tuple[Finding, ...] = ()
    limitations: tuple[Limitation, ...] = ()


def evaluate(
    telemetry: Telemetry,
    language: Language,
    *,
    rules: tuple[RuleId, ...] | None = None,
    registry: tuple[Rule, ...] = RULES,
) -> Assessment:
    """Judge the telemetry of a run.

    A rule that raises has the outcome ERROR and an exclusion, and the others still answer. What the sensors could
    not look at becomes exclusions, and turns CLEAR into NOT_AVAILABLE where it blinds the rule.

    Args:
        telemetry: of the whole run, as far as it was recorded.
        language: of titles, descriptions and recommendations.
        rules: only these; None means those that the run was asked for.
        registry: the rules there are.
    """
    asked = telemetry.started.rules if rules is None else rules
    seen = (*_of_the_run(telemetry), *telemetry.limitations, *_losses(telemetry, asked))
    answers = [_answer(rule, telemetry, seen, language) for rule in registry if rule.id in asked]
    limitations = (*seen, *(limit for answer in answers for limit in answer.limitations))
    at_fault = any(limit.code in _FAULTS for limit in seen) or any(
        answer.result.outcome is Outcome.ERROR for answer in answers
    )
    return Assessment(
        language=language.value,
        run=Run(
            id=telemetry.started.run_id,
            state=RunState.COMPLETED_WITH_ERRORS if at_fault else RunState.COMPLETED,
            started_at=timestamp(telemetry.started.started_at),
            ended_at=timestamp(telemetry.ended_at),
            duration_s=round(telemetry.window_s, 3),
            javert_version=telemetry.started.javert_version,
        ),
        host=_host(telemetry),
        rules=tuple(answer.result for answer in answers),
        findings=_in_order(finding for answer in answers for finding in answer.findings),
        exclusions=_exclusions(limitations, asked, telemetry, language),
        sensors=tuple(
            SensorSummary(
                name=sensor.name,
                started_at=timestamp(sensor.started_at),
                ended_at=timestamp(telemetry.ended_at if sensor.ended_at is None else sensor.ended_at),
                records=sensor.records,
                lost=sensor.lost,
            )
            for sensor in telemetry.sensors
        ),
    )


def fingerprint(rule: RuleId, hostname: str, identity: tuple[str, ...]) -> str:
    """32 hexadecimal digits that are the same in every run for the same thing on the same host."""
    whole = "\0".join((rule.value, hostname, *identity))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# ---------------------------------------------------------------- rules


def _answer(rule: Rule, telemetry: Telemetry, seen: tuple[Limitation, ...], language: Language) -> _Answer:
    if not _applies(rule.id, telemetry.started):
        return _Answer(result=RuleResult(id=rule.id, outcome=Outcome.NOT_APPLICABLE))
    if rule.id not in telemetry.started.rules:
        return _not_collected(rule.id)
    try:
        verdict = rule.evaluate(telemetry)
        findings = tuple(_finding(rule.id, telemetry, draft, language) for draft in verdict.findings)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other rules must still answer
        return _failed(rule.id, fault_site(error))
    return _Answer(
        result=RuleResult(
            id=rule.id, outcome=_outcome(rule.id, verdict, (*seen, *verdict.exclusions)), coverage=verdict.coverage
        ),
        findings=findings,
        limitations=verdict.exclusions,
    )


def _applies(rule: RuleId, started: RunStarted) -> bool:
    return rule in TRAFFIC_RULES if started.capture else started.host.os in rule.systems


def _outcome(rule: RuleId, verdict: RuleVerdict, limitations: tuple[Limitation, ...]) -> Outcome:
    if verdict.outcome is Outcome.CLEAR and any(limit.blinds and rule in limit.rules for limit in limitations):
        return Outcome.NOT_AVAILABLE
    return verdict.outcome


def _not_collected(rule: RuleId) -> _Answer:
    return _Answer(
        result=RuleResult(id=rule, outcome=Outcome.NOT_AVAILABLE),
        limitations=(Limitation(code="rule-not-collected", rules=(rule,), params={"rule": rule.value}),),
    )


def _failed(rule: RuleId, fault: str) -> _Answer:
    return _Answer(
        result=RuleResult(id=rule, outcome=Outcome.ERROR),
        limitations=(Limitation(code="rule-failed", rules=(rule,), params={"fault": fault}),),
    )


def _finding(rule: RuleId, telemetry: Telemetry, draft: FindingDraft, language: Language) -> Finding:
    params = _printable(draft.params)
    stem = stem_for(f"finding.{draft.text}", telemetry.started.host.os)
    # The same traffic in tomorrow's capture is the same finding: the name of the file says nothing of it.
    hostname = "" if telemetry.started.capture else telemetry.started.host.hostname
    return Finding(
        fingerprint=fingerprint(rule, hostname, draft.identity),
        rule_id=rule,
        severity=rule.severity,
        numeric_severity=rule.severity.number,
        title=text(f"{stem}.title", language, params),
        description=passage((f"{stem}.description", *draft.also), language, params),
        recommendation=passage(draft.advice or (f"{stem}.recommendation",), language, params),
        first_seen=timestamp(draft.first_seen),
        last_seen=timestamp(draft.last_seen),
        attributes=to_builtins(draft.attributes),
    )


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    severities = {severity: number for number, severity in enumerate(Severity)}
    rules = {rule: number for number, rule in enumerate(RuleId)}
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                severities[finding.severity],
                rules[finding.rule_id],
                finding.title,
                finding.fingerprint,
            ),
        )
    )


# ---------------------------------------------------------------- exclusions


def _of_the_run(telemetry: Telemetry) -> tuple[Limitation, ...]:
    """What the course of the run itself left unseen."""
    started = telemetry.started
    found: list[Limitation] = []
    if not started.privileged:
        found.append(Limitation(code="not-root", rules=()))
    if started.host.contained:
        found.append(Limitation(code="inside-container", rules=()))
    if telemetry.ended is None:
        params = {
            "last_sign": timestamp(telemetry.last_sign),
            "planned_end": timestamp(started.started_at + started.planned_s),
        }
        found.append(Limitation(code="run-cut-off", rules=(), params=params))
    elif telemetry.ended.interrupted:
        found.append(Limitation(code="run-interrupted", rules=()))
    if telemetry.asleep_s >= _NOTED_SLEEP_S:
        found.append(Limitation(code="host-asleep", rules=()))
    if telemetry.window_s < SHORT_RUN_S and not started.capture:
        found.append(Limitation(code="run-short", rules=()))
    return tuple(found)


def _losses(telemetry: Telemetry, asked: tuple[RuleId, ...]) -> tuple[Limitation, ...]:
    return tuple(
        Limitation(
            code="events-lost",
            rules=sensor.rules or asked,
            scope=sensor.name,
            params={"sensor": sensor.name, "lost": str(sensor.lost), "records": str(sensor.records)},
        )
        for sensor in telemetry.sensors
        if sensor.lost > 0
    )


def _exclusions(
    limitations: Iterable[Limitation], asked: tuple[RuleId, ...], telemetry: Telemetry, language: Language
) -> tuple[Exclusion, ...]:
    """One exclusion for each rule a limitation touches; one for the run if it names no rule."""
    rules: list[RuleId | None] = [None, *RuleId]
    course = {
        "watched": duration(telemetry.window_s, language),
        "planned": duration(telemetry.started.planned_s, language),
        "asleep": duration(telemetry.asleep_s, language),
    }
    exclusions = [
        _exclusion(limitation, rule, telemetry.started, course, language)
        for limitation in limitations
        for rule in (limitation.rules or (None,))
        if rule is None or rule in asked
    ]
    return tuple(
        sorted(
            dict.fromkeys(exclusions),
            key=lambda exclusion: (rules.index(exclusion.rule_id), exclusion.title, exclusion.scope),
        )
    )


def _exclusion(
    limitation: Limitation,
    rule: RuleId | None,
    started: RunStarted,
    course: dict[str, str],
    language: Language,
) -> Exclusion:
    whole = text("report.scope.capture" if started.capture else "report.scope.host", language)
    scope = printable(limitation.scope) or whole
    word = shell_word(limitation.params.get("path", ""))  # a file's name may hold what a shell would run
    params = course | _printable(limitation.params) | {"scope": scope, "word": word}
    key = stem_for(f"limitation.{limitation.code}", started.host.os)
    try:
        words = tuple(
            text(f"{key}.{part}", language, params) for part in ("title", "description", "recommendation")
        )
    except KeyError:  # a journal of another version may hold codes that this one has no words for
        params = {"code": printable(limitation.code)}
        words = tuple(
            text(f"limitation.undescribed.{part}", language, params)
            for part in ("title", "description", "recommendation")
        )
    title, description, recommendation = words
    return Exclusion(rule_id=rule, title=title, description=description, recommendation=recommendation, scope=scope)


def _printable(params: dict[str, str]) -> dict[str, str]:
    return {name: printable(value) for name, value in params.items()}


def _host(telemetry: Telemetry) -> HostSummary:
    host = telemetry.started.host
    addresses = host.addresses or next(
        (namespace.addresses for namespace in telemetry.namespaces.values() if namespace.initial), ()
    )
    return HostSummary(
        hostname=host.hostname,
        os=host.os,
        kernel=host.kernel,
        architecture=host.architecture,
        addresses=tuple(address for address in addresses if not address.startswith("127.") and address != "::1"),
    )
