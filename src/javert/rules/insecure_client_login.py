"""Rule ``insecure-client-login``: a process here logs in to a remote machine over a cleartext protocol."""

from javert.model.draft import RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.view import Telemetry
from javert.rules.cleartext import is_login
from javert.rules.clients import judge
from javert.rules.interface import Rule


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Telnet, rlogin, rsh, rexec and unprotected VNC to remote machines, and FTP where a real account logged in."""
    return judge(telemetry, RuleId.INSECURE_CLIENT_LOGIN, is_login)


RULE = Rule(id=RuleId.INSECURE_CLIENT_LOGIN, evaluate=evaluate)
