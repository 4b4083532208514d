"""The registry holds every rule once, in the order of the identifiers."""

from javert.model.rule_id import RuleId
from javert.rules.registry import RULES


def test_every_rule_is_there_once_and_in_order():
    assert [rule.id for rule in RULES] == list(RuleId)
