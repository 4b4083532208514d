"""What a rule is, and the explicit list of all of them is in ``javert.rules.registry``."""

from collections.abc import Callable

import msgspec

from javert.model.draft import RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.view import Telemetry


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule.

    Attributes:
        id: its identifier.
        evaluate: telemetry to verdict. Pure: the same telemetry gives the same verdict on any machine. It does not
            look at ``Telemetry.limitations``; ``javert.rules.evaluation`` turns these into exclusions and
            CLEAR into NOT_AVAILABLE where a limitation blinds the rule.
    """

    id: RuleId
    evaluate: Callable[[Telemetry], RuleVerdict]
