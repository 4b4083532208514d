"""The rules, in the order in which reports name them."""

from javert.rules.interface import Rule

RULES: tuple[Rule, ...] = ()
"""Every rule of Javert; add a rule's ``RULE`` here."""
