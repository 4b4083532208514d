"""Texts of the rule ``insecure-server-protocol``."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
