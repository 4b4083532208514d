"""Rule ``insecure-client-general``: a process here uses a cleartext protocol to a remote host, not to log in."""

from javert.model.draft import RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.view import Telemetry
from javert.rules.cleartext import is_login
from javert.rules.clients import judge
from javert.rules.interface import Rule


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Every cleartext protocol to a remote host that ``insecure-client-login`` does not report."""
    return judge(telemetry, RuleId.INSECURE_CLIENT_GENERAL, lambda protocol, use: not is_login(protocol, use))


RULE = Rule(id=RuleId.INSECURE_CLIENT_GENERAL, evaluate=evaluate)
