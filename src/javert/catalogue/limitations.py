"""Texts of limitations."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {}
