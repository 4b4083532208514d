"""The one place where records and results become bytes and bytes become records and results (JSON, RFC 8259)."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from javert.errors import NewerVersionError, ParseError
from javert.model.assessment import SCHEMA_VERSION, Assessment, FlowSummary
from javert.model.attributes import (
    ClientAttributes,
    DepAttributes,
    RootModuleAttributes,
    ServerAttributes,
    UnusedPortAttributes,
)
from javert.model.rule_id import RuleId
from javert.model.telemetry import AnyRecord

ATTRIBUTES: dict[RuleId, type[msgspec.Struct]] = {
    RuleId.INSECURE_CLIENT_LOGIN: ClientAttributes,
    RuleId.INSECURE_CLIENT_GENERAL: ClientAttributes,
    RuleId.UNUSED_LISTENING_TCP_PORT: UnusedPortAttributes,
    RuleId.INSECURE_SERVER_PROTOCOL: ServerAttributes,
    RuleId.SOFTWARE_WITHOUT_DEP: DepAttributes,
    RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS: RootModuleAttributes,
}
"""What the ``attributes`` of a rule's findings hold."""

_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_encoder = msgspec.json.Encoder()
_record_decoder = msgspec.json.Decoder(AnyRecord)
_assessment_decoder = msgspec.json.Decoder(Assessment)
_flow_decoder = msgspec.json.Decoder(FlowSummary)


class _Tag(msgspec.Struct):
    record: str


_tag_decoder = msgspec.json.Decoder(_Tag)
_KNOWN_TAGS = frozenset(kind.__name__ for kind in AnyRecord.__args__)


class _Version(msgspec.Struct):
    schema_version: str


_version_decoder = msgspec.json.Decoder(_Version)


def encode_record(record: AnyRecord) -> bytes:
    """The record as one line of JSON, without the line's end."""
    return _encode(record)


def decode_record(line: bytes) -> AnyRecord:
    """The record that ``encode_record`` wrote.

    Raises:
        NewerVersionError: a record of a type that this version does not know.
        ParseError: the line is damaged.
    """
    try:
        record: AnyRecord = _record_decoder.decode(line)
    except _UNDECODABLE as error:
        if (tag := _unknown_tag(line)) is not None:
            raise NewerVersionError(f"a newer Javert wrote a record of type {tag!r}; use that one") from None
        raise ParseError(f"it is not a record: {error}") from None
    return record


def _unknown_tag(line: bytes) -> str | None:
    try:
        tag = _tag_decoder.decode(line).record
    except _UNDECODABLE:
        return None
    return None if tag in _KNOWN_TAGS else tag


def encode_assessment(assessment: Assessment) -> bytes:
    """The result as indented JSON with a line's end, as docs/schema describes it; flows stand one a line."""
    if assessment.flows is msgspec.UNSET:
        return _indented(assessment)
    return b"".join(encode_with_flows(assessment, assessment.flows))


def encode_with_flows(assessment: Assessment, flows: Iterable[FlowSummary]) -> Iterator[bytes]:
    """The same in pieces, with ``flows`` in place of the assessment's own, so that they need not be in memory."""
    alone = _indented(msgspec.structs.replace(assessment, flows=msgspec.UNSET))
    yield alone.removesuffix(b"\n}\n") + b',\n  "flows": ['
    end = b"]\n}\n"
    between = b"\n    "
    for flow in flows:
        yield between + encode_flow(flow)
        between, end = b",\n    ", b"\n  ]\n}\n"
    yield end


def encode_flow(flow: FlowSummary) -> bytes:
    """The flow as one line of JSON, without the line's end."""
    return _encoder.encode(flow)


def decode_flow(line: bytes) -> FlowSummary:
    """The flow that ``encode_flow`` wrote.

    Raises:
        ParseError: the line is damaged.
    """
    try:
        return _flow_decoder.decode(line)
    except _UNDECODABLE as error:
        raise ParseError(f"it is not a flow: {error}") from None


def _indented(assessment: Assessment) -> bytes:
    return msgspec.json.format(_encode(assessment), indent=2) + b"\n"


def decode_assessment(data: bytes) -> Assessment:
    """The result that ``encode_assessment`` wrote, attributes checked too.

    Raises:
        NewerVersionError: it has another major version.
        ParseError: the bytes are not a result.
    """
    try:
        version = _version_decoder.decode(data).schema_version
        if version.split(".")[0] != SCHEMA_VERSION.split(".", maxsplit=1)[0]:
            raise NewerVersionError(f"its schema version is {version!r}, and this Javert reads {SCHEMA_VERSION}")
        assessment = _assessment_decoder.decode(data)
        for finding in assessment.findings:
            msgspec.convert(finding.attributes, ATTRIBUTES[finding.rule_id])
    except _UNDECODABLE as error:
        raise ParseError(f"it is not a result of Javert: {error}") from None
    return assessment


def to_builtins(value: msgspec.Struct) -> dict[str, Any]:
    """The fields of ``value`` as plain JSON values, also inside."""
    plain: dict[str, Any] = msgspec.json.decode(_encode(value))
    return plain


def _encode(value: msgspec.Struct) -> bytes:
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        # A path on Linux is bytes; those that are not UTF-8 arrive here as lone surrogates (PEP 383).
        return _encoder.encode(_without_surrogates(msgspec.to_builtins(value, str_keys=True)))


def _without_surrogates(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return _well_formed(value)
        case dict():
            return {_well_formed(key): _without_surrogates(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
        case _:
            return value


def _well_formed(value: str) -> str:
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return value.encode("utf-8", "backslashreplace").decode()
