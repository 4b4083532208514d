"""The rules, in the order in which reports name them."""

from javert.rules import root_process_insecure_permissions, software_without_dep
from javert.rules.interface import Rule

RULES: tuple[Rule, ...] = (software_without_dep.RULE, root_process_insecure_permissions.RULE)
"""Every rule of Javert; add a rule's ``RULE`` here."""
