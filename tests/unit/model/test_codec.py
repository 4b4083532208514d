"""The codec gives back what it was given, and names what it cannot read."""

import json

import pytest

from javert.errors import NewerVersionError, ParseError
from javert.model.codec import (
    ATTRIBUTES,
    decode_assessment,
    decode_record,
    encode_assessment,
    encode_record,
    to_builtins,
)
from javert.model.rule_id import RuleId
from javert.model.telemetry import Heartbeat, Process, ProcessKey


def test_a_record_is_one_line():
    line = encode_record(Process(key=ProcessKey(1, 2), name="a\nb"))
    assert b"\n" not in line
    assert decode_record(line) == Process(key=ProcessKey(1, 2), name="a\nb")


def test_a_name_that_is_not_utf8_is_kept_readable():
    line = encode_record(Process(key=ProcessKey(1, 2), name="caf\udce9"))
    assert decode_record(line) == Process(key=ProcessKey(1, 2), name="caf\\xe9")


def test_a_surrogate_that_stands_for_no_byte_is_written_out():
    line = encode_record(Process(key=ProcessKey(1, 2), name="\ud800"))
    assert decode_record(line) == Process(key=ProcessKey(1, 2), name="\\ud800")


def test_a_record_of_a_newer_version_is_named():
    with pytest.raises(NewerVersionError, match="newer Javert wrote a record of type 'Hologram'"):
        decode_record(b'{"record":"Hologram","depth":3}')


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[1]",
        b"\xff\xfe",
        b'{"record":"Heartbeat"}',
        b'{"record":"Heartbeat","at":"x"}',
        b'{"record":',
        b'{"record":3}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_a_record_is_a_parse_error(line):
    with pytest.raises(ParseError) as error:
        decode_record(line)
    assert not isinstance(error.value, NewerVersionError)


def test_an_added_field_of_a_newer_version_is_passed_over():
    assert decode_record(b'{"record":"Heartbeat","at":1.5,"mood":"calm"}') == Heartbeat(at=1.5)


def test_every_rule_has_attributes():
    assert set(ATTRIBUTES) == set(RuleId)


def test_an_assessment_comes_back(make_assessment, make_finding, attributes_of_every_rule, exclusion):
    findings = tuple(make_finding(rule, value, f"t{rule}") for rule, value in attributes_of_every_rule.items())
    assessment = make_assessment(
        findings=findings, exclusions=(exclusion(None), exclusion(RuleId.SOFTWARE_WITHOUT_DEP))
    )
    assert decode_assessment(encode_assessment(assessment)) == assessment


def test_attributes_with_surrogates_are_written(make_assessment, make_finding, attributes_of_every_rule):
    rule = RuleId.SOFTWARE_WITHOUT_DEP
    finding = make_finding(rule, attributes_of_every_rule[rule], "t")
    finding.attributes["path"] = "/opt/\udcff"
    stored = json.loads(encode_assessment(make_assessment(findings=(finding,))))
    assert stored["findings"][0]["attributes"]["path"] == "/opt/\\xff"


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"schema_version":"1.0"}', b'{"schema_version":1}', b"\x80", b'"1.0"', b"[" * 100_000],
)
def test_what_is_not_a_result_is_a_parse_error(data):
    with pytest.raises(ParseError, match="not a result of Javert"):
        decode_assessment(data)


def test_a_result_of_another_major_version_is_named():
    with pytest.raises(NewerVersionError, match=r"schema version is '2\.0'"):
        decode_assessment(b'{"schema_version":"2.0"}')


def test_attributes_that_do_not_fit_their_rule_are_refused(make_assessment, make_finding, attributes_of_every_rule):
    finding = make_finding(RuleId.SOFTWARE_WITHOUT_DEP, attributes_of_every_rule[RuleId.SOFTWARE_WITHOUT_DEP], "t")
    finding.attributes["running_pids"] = "all"
    with pytest.raises(ParseError):
        decode_assessment(encode_assessment(make_assessment(findings=(finding,))))


def test_builtins_hold_no_records(attributes_of_every_rule):
    plain = to_builtins(attributes_of_every_rule[RuleId.INSECURE_CLIENT_GENERAL])
    assert json.loads(json.dumps(plain)) == plain
    assert type(plain["process"]) is dict
