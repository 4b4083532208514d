"""What a rule says, before it is put into words: pure values that name their texts in the catalogue."""

import msgspec

from javert.model.assessment import Outcome
from javert.model.attributes import (
    ClientAttributes,
    DepAttributes,
    RootModuleAttributes,
    ServerAttributes,
    UnusedPortAttributes,
)
from javert.model.telemetry import Limitation

AnyAttributes = ClientAttributes | UnusedPortAttributes | ServerAttributes | DepAttributes | RootModuleAttributes


class FindingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A finding without its words.

    Attributes:
        identity: what makes it the same finding in another run: no pid, no time, no counter.
        text: catalogue key; ``finding.<text>`` has title, description and recommendation.
        also: catalogue keys of sentences that follow the description.
        advice: catalogue keys of the recommendation's sentences, in place of ``finding.<text>.recommendation``.
        params: values for all of these texts.
        first_seen, last_seen: seconds since the epoch.
    """

    identity: tuple[str, ...]
    text: str
    params: dict[str, str]
    attributes: AnyAttributes
    first_seen: float
    last_seen: float
    also: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


class RuleVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's whole answer.

    Attributes:
        outcome: FINDING exactly if there are findings.
        exclusions: what the rule itself found it could not judge, beside the sensors' limitations.
    """

    outcome: Outcome
    findings: tuple[FindingDraft, ...] = ()
    exclusions: tuple[Limitation, ...] = ()
    coverage: dict[str, int | float | str | bool] = {}
