"""The result of a run: what reports see. Its JSON form is an interface others rely on (docs/schema)."""

from enum import StrEnum
from typing import Any

import msgspec

from javert.model.rule_id import RuleId, Severity

SCHEMA_VERSION = "1.0"


class RunState(StrEnum):
    """The life of a run, in Inspector's words."""

    CREATED = "CREATED"
    COLLECTING_DATA = "COLLECTING_DATA"
    DATA_COLLECTED = "DATA_COLLECTED"
    EVALUATING_RULES = "EVALUATING_RULES"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    CANCELED = "CANCELED"
    FAILED = "FAILED"


class Outcome(StrEnum):
    """What a rule says of the host. No evidence is never CLEAR."""

    FINDING = "FINDING"
    CLEAR = "CLEAR"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_AVAILABLE = "NOT_AVAILABLE"
    ERROR = "ERROR"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """When and how long. Times are RFC 3339, UTC."""

    id: str
    state: RunState
    started_at: str
    ended_at: str
    duration_s: float
    javert_version: str


class HostSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The assessed host as the result names it."""

    hostname: str
    os: str
    kernel: str
    architecture: str
    addresses: tuple[str, ...] = ()


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's outcome; ``coverage`` counts what it looked at (names are the rule's own)."""

    id: RuleId
    outcome: Outcome
    coverage: dict[str, int | float | str | bool] = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, for a person and for a program.

    Attributes:
        fingerprint: the same from run to run for the same thing on the same host.
        attributes: by rule, see ``javert.model.attributes``.
    """

    fingerprint: str
    rule_id: RuleId
    severity: Severity
    numeric_severity: float
    title: str
    description: str
    recommendation: str
    first_seen: str
    last_seen: str
    attributes: dict[str, Any]


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not looked at: what is affected, why, and how to resolve it. ``rule_id`` None: the run."""

    rule_id: RuleId | None
    title: str
    description: str
    recommendation: str
    scope: str


class SensorSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a sensor did during the run."""

    name: str
    started_at: str
    ended_at: str
    records: int
    lost: int


class FlowSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One TCP or UDP flow of a capture.

    Attributes:
        transport: "tcp" or "udp".
        client, server: address and port, IPv6 in brackets (RFC 3986, section 3.2.2).
        protocol: the application's own, also where it upgraded; "unknown" if payload did not tell.
        encrypted: "yes" (from the first byte), "upgraded", "no", or "unknown" exactly if the protocol is.
        evidence: "payload" or "port".
        credentials_exposed: a credential crossed readable.
    """

    transport: str
    client: str
    server: str
    protocol: str
    encrypted: str
    evidence: str
    credentials_exposed: bool


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result of one run, in one language.

    Attributes:
        language: "en" or "ja": what the titles, descriptions and recommendations are written in.
        flows: every flow of a capture; unset where a host was assessed, and while the flows of a capture, which may
            be too many for memory, are kept elsewhere.
    """

    schema_version: str = SCHEMA_VERSION
    language: str = "en"
    run: Run
    host: HostSummary
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    exclusions: tuple[Exclusion, ...]
    sensors: tuple[SensorSummary, ...]
    flows: tuple[FlowSummary, ...] | msgspec.UnsetType = msgspec.UNSET
