"""The JSON report: golden, and what the published schema says of it."""

import copy
import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from javert.model.assessment import SCHEMA_VERSION, Assessment, Outcome, RunState
from javert.model.codec import ATTRIBUTES, decode_assessment
from javert.model.rule_id import RuleId, Severity
from javert.report.interface import Page
from javert.report.json import render

SCHEMA = json.loads((Path(__file__).parents[3] / f"docs/schema/assessment-{SCHEMA_VERSION}.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


class JsonFile(SingleFileSnapshotExtension):
    """One golden file a test."""

    file_extension = "json"


@pytest.fixture
def document(everything):
    return json.loads(render(everything, Page()))


def test_golden(everything, snapshot):
    assert render(everything, Page()) == snapshot(extension_class=JsonFile)


def test_it_reads_back(everything):
    assert decode_assessment(render(everything, Page())) == everything


def test_the_page_does_not_matter(everything):
    assert render(everything, Page(width=10, colour=True)) == render(everything, Page())


def test_the_schema_is_one():
    VALIDATOR.check_schema(SCHEMA)


def test_a_report_keeps_to_the_schema(document, everything_in_japanese, make_assessment):
    VALIDATOR.validate(document)
    VALIDATOR.validate(json.loads(render(everything_in_japanese, Page())))
    VALIDATOR.validate(json.loads(render(make_assessment(), Page())))


def _paths(value, path=()):
    """Paths of every key in the document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from _paths(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, (*path, number))


def _parent(document, path):
    for step in path[:-1]:
        document = document[step]
    return document


def test_every_key_is_required(document):
    free = [path for path in _paths(document) if "coverage" not in path[:-1]]
    assert len(free) > 300
    for path in free:
        broken = copy.deepcopy(document)
        del _parent(broken, path)[path[-1]]
        assert not VALIDATOR.is_valid(broken), path


def test_every_value_has_a_type(document):
    free = [path for path in _paths(document) if "coverage" not in path[:-1]]
    for path in free:
        broken = copy.deepcopy(document)
        _parent(broken, path)[path[-1]] = [{"no": "such"}]
        assert not VALIDATOR.is_valid(broken), path


def test_the_schema_names_every_field_of_the_model_and_no_other():
    structs = {"": Assessment} | {kind.__name__: kind for kind in ATTRIBUTES.values()}
    pending = list(structs.values())
    while pending:
        for field in msgspec.inspect.type_info(pending.pop()).fields:
            for kind in _structs_in(field.type):
                if kind.__name__ not in structs:
                    structs[kind.__name__] = kind
                    pending.append(kind)
    for name, struct in structs.items():
        described = SCHEMA["$defs"][name] if name else SCHEMA
        fields = msgspec.structs.fields(struct)
        assert set(described["properties"]) == {field.name for field in fields}, name
        always = {field.name for field in fields if field.default is not msgspec.UNSET}
        assert set(described["required"]) == always, name


def _structs_in(kind):
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind.cls
    for inner in getattr(kind, "types", ()):
        yield from _structs_in(inner)
    if hasattr(kind, "item_type"):
        yield from _structs_in(kind.item_type)


@pytest.mark.parametrize("enum", [Outcome, RunState, RuleId, Severity])
def test_the_schema_names_every_value(enum):
    assert set(SCHEMA["$defs"][enum.__name__]["enum"]) == {member.value for member in enum}


def test_the_schema_ties_severity_and_attributes_to_the_rule(document):
    for finding in document["findings"]:
        for field, value in (("severity", "Extreme"), ("numeric_severity", 1.0), ("attributes", {})):
            broken = copy.deepcopy(document)
            broken["findings"] = [finding | {field: value}]
            assert not VALIDATOR.is_valid(broken)
