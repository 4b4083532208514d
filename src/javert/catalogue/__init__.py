"""All texts for people, in English and Japanese, by key. Pure data and formatting, no I/O.

There is one module for each rule, named like the rule, and one each for limitations and for reports. Keys:

``rule.<rule-id>.{name,summary,why,how,evidence,fix,limits}``
    what ``javert rules`` says.
``finding.<text>.{title,description,recommendation}``
    a finding; ``<text>`` is ``FindingDraft.text``, by custom the rule id, with a variant behind a dot.
``limitation.<code>.{title,description,recommendation}``
    an exclusion; ``<code>`` is ``Limitation.code``.
``report.<name>``
    headings and phrases of reports.
"""

from javert.catalogue.lookup import Language, Text, text

__all__ = ["Language", "Text", "text"]
