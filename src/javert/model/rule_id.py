"""The six rules by name, with what never changes about them: severity and systems."""

from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is, in Inspector's words, worst first."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    INFORMATIONAL = "Informational"

    @property
    def number(self) -> float:
        """Inspector Classic's number for the severity: 9.0, 6.0, 3.0 or 0.0."""
        return _NUMBERS[self]


_NUMBERS = {Severity.HIGH: 9.0, Severity.MEDIUM: 6.0, Severity.LOW: 3.0, Severity.INFORMATIONAL: 0.0}


class RuleId(StrEnum):
    """A rule's identifier: also the name of its module, its page in docs/rules and its test file."""

    INSECURE_CLIENT_LOGIN = "insecure-client-login"
    INSECURE_CLIENT_GENERAL = "insecure-client-general"
    UNUSED_LISTENING_TCP_PORT = "unused-listening-tcp-port"
    INSECURE_SERVER_PROTOCOL = "insecure-server-protocol"
    SOFTWARE_WITHOUT_DEP = "software-without-dep"
    ROOT_PROCESS_INSECURE_PERMISSIONS = "root-process-insecure-permissions"

    @property
    def severity(self) -> Severity:
        """The severity of every finding of this rule."""
        return _SEVERITIES[self]

    @property
    def systems(self) -> tuple[str, ...]:
        """The operating systems on which the rule applies, as in ``Host.os``."""
        return ("linux",) if self in _LINUX_ONLY else ("linux", "windows")


TRAFFIC_RULES = (
    RuleId.INSECURE_CLIENT_LOGIN,
    RuleId.INSECURE_CLIENT_GENERAL,
    RuleId.INSECURE_SERVER_PROTOCOL,
)
"""The rules that traffic alone can answer, so that a capture can be judged by them."""

_SEVERITIES = {
    RuleId.INSECURE_CLIENT_LOGIN: Severity.MEDIUM,
    RuleId.INSECURE_CLIENT_GENERAL: Severity.LOW,
    RuleId.UNUSED_LISTENING_TCP_PORT: Severity.INFORMATIONAL,
    RuleId.INSECURE_SERVER_PROTOCOL: Severity.INFORMATIONAL,
    RuleId.SOFTWARE_WITHOUT_DEP: Severity.MEDIUM,
    RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS: Severity.HIGH,
}
_LINUX_ONLY = frozenset({RuleId.SOFTWARE_WITHOUT_DEP, RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS})

CLIENT_RULES = (RuleId.INSECURE_CLIENT_LOGIN, RuleId.INSECURE_CLIENT_GENERAL)
"""Judged by the traffic of clients here."""
PAYLOAD_RULES = (*CLIENT_RULES, RuleId.INSECURE_SERVER_PROTOCOL)
"""Judged by what flows carry."""
NETWORK_RULES = (*CLIENT_RULES, RuleId.UNUSED_LISTENING_TCP_PORT, RuleId.INSECURE_SERVER_PROTOCOL)
"""Judged by network traffic of any kind."""
MODULE_RULES = (RuleId.SOFTWARE_WITHOUT_DEP, RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS)
"""Judged by what processes have loaded."""
