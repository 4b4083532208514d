"""Texts of the rule ``root-process-insecure-permissions``."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
