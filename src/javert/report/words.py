"""The words of reports in one language: labels, phrases, and enumerated values."""

from javert.catalogue.lookup import Language, text
from javert.catalogue.wording import printable


class Words:
    """The report's part of the catalogue in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def label(self, name: str) -> str:
        """The label of a fact."""
        return text(f"report.fact.{name}", self.language)

    def phrase(self, name: str, /, **params: object) -> str:
        """A heading or phrase with its values; these must be printable already."""
        return text(f"report.{name}", self.language, params)

    def value(self, value: str, kind: str = "") -> str:
        """An enumerated value in words; one that has none (of a later version) stands for itself."""
        try:
            return text(f"report.value.{kind}{value}", self.language)
        except KeyError:
            return printable(value)
