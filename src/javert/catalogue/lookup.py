"""Looks a text up by key and language and fills in its values."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple


class Language(StrEnum):
    """A language Javert speaks."""

    ENGLISH = "en"
    JAPANESE = "ja"


class Text(NamedTuple):
    """One text in every language; ``{name}`` marks a value."""

    en: str
    ja: str


@cache
def _texts() -> dict[str, Text]:
    from javert.catalogue import (  # noqa: PLC0415 - they import Text from here
        captures,
        explanations,
        file_scan,
        insecure_client_general,
        insecure_client_login,
        insecure_server_protocol,
        limitations,
        report,
        root_process_insecure_permissions,
        sensing,
        server_software,
        software_without_dep,
        unused_listening_tcp_port,
        windows,
    )

    modules = (
        insecure_client_login,
        insecure_client_general,
        unused_listening_tcp_port,
        insecure_server_protocol,
        software_without_dep,
        root_process_insecure_permissions,
        explanations,
        limitations,
        file_scan,
        sensing,
        server_software,
        captures,
        windows,
        report,
    )
    return {key: entry for module in modules for key, entry in module.TEXTS.items()}


def text(key: str, language: Language, params: Mapping[str, object] | None = None) -> str:
    """The text of ``key`` with ``params`` filled in.

    Raises:
        KeyError: no such text, or a value it needs is missing (a fault of the caller; tests find it).
    """
    entry = _texts()[key]
    template = entry.ja if language is Language.JAPANESE else entry.en
    return template.format_map(params or {})


def stem_for(stem: str, system: str) -> str:
    """The stem of a finding's or limitation's texts: the system's own where it has one, else ``stem``.

    Args:
        stem: for instance "limitation.not-root".
        system: as in ``Host.os``.
    """
    own = f"{stem}.{system}"
    return own if f"{own}.title" in _texts() else stem


def passage(keys: Iterable[str], language: Language, params: Mapping[str, object] | None = None) -> str:
    """Whole sentences one after another, as the language writes them; arguments and errors as of ``text``."""
    return ("" if language is Language.JAPANESE else " ").join(text(key, language, params) for key in keys)
