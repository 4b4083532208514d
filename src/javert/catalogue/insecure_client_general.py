"""Texts of the rule ``insecure-client-general``."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
