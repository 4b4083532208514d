"""Texts of the rule ``software-without-dep``."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
