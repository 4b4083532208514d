"""The rules, in the order in which reports name them."""

from javert.rules import (
    insecure_client_general,
    insecure_client_login,
    insecure_server_protocol,
    root_process_insecure_permissions,
    software_without_dep,
    unused_listening_tcp_port,
)
from javert.rules.interface import Rule

RULES: tuple[Rule, ...] = (
    insecure_client_login.RULE,
    insecure_client_general.RULE,
    unused_listening_tcp_port.RULE,
    insecure_server_protocol.RULE,
    software_without_dep.RULE,
    root_process_insecure_permissions.RULE,
)
"""Every rule of Javert; add a rule's ``RULE`` here."""
