"""Texts of the rule ``insecure-client-login``."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
