"""Texts of report."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
