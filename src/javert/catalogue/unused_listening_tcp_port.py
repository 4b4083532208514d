"""Texts of the rule ``unused-listening-tcp-port``."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
