"""Findings with one cause become one thing to do, and none gets lost."""

import msgspec
import pytest

from javert.catalogue.lookup import Language
from javert.model.attributes import UnusedPortAttributes
from javert.model.codec import to_builtins
from javert.report.grouping import Group, grouped


def of(findings):
    return grouped(tuple(findings), Language.ENGLISH)


def flat(entries):
    return [finding for entry in entries for finding in (entry.findings if isinstance(entry, Group) else (entry,))]


def test_no_finding_is_lost_or_doubled(everything):
    assert sorted(finding.fingerprint for finding in flat(of(everything.findings))) == sorted(
        finding.fingerprint for finding in everything.findings
    )


def test_files_of_one_package_are_one_group(many_files):
    group, alone = of(many_files)
    assert group.title == "4 files of the package old do not support data execution prevention"
    assert group.members[1] == "/opt/old/lib/libb.so (asks for an executable stack), running now: 77"
    assert group.members[3].startswith("/opt/old/lib/lib\\x1b[2Jd.so")
    assert alone == many_files[4]


def test_two_are_no_group(many_files):
    assert of(many_files[:2]) == list(many_files[:2])


@pytest.mark.parametrize(("directory", "shown"), [("/opt/app", "/opt/app"), ("", "/")])
def test_files_without_package_are_one_group_for_each_directory(many_files, directory, shown):
    alone = many_files[4]
    beside = [
        msgspec.structs.replace(alone, attributes=alone.attributes | {"path": f"{directory}/lib{number}.so"})
        for number in range(3)
    ]
    single, group = of([alone, *beside])
    assert single == alone
    assert group.title == f"3 files in {shown} do not support data execution prevention"


def test_modules_behind_one_directory_are_one_group(many_modules):
    group, alone = of(many_modules)
    assert group.title == "3 modules of root processes can be replaced by way of /opt/app"
    assert group.members == ("/opt/app/x.so (appd)", "/opt/app/y.so (appd)", "/opt/app/z.so (appd)")
    assert [way.path for way in group.ways] == ["/opt/app"]
    assert alone == many_modules[3]


def test_modules_of_different_containers_are_not_one_group(many_modules):
    findings = [
        msgspec.structs.replace(finding, attributes=finding.attributes | {"container": str(number)})
        for number, finding in enumerate(many_modules[:3])
    ]
    assert of(findings) == findings


def test_ports_of_one_program_are_one_group(everything):
    (group,) = [
        entry for entry in of(everything.findings) if isinstance(entry, Group) and "TCP ports" in entry.title
    ]
    assert group.title == "3 unused listening TCP ports of node_exporter"
    assert group.members == (
        "[::]:9100 tcp (from other hosts)",
        "127.0.0.1:9101 tcp (from this host only)",
        "[::1]:9102 tcp (from this host only)",
    )


def test_ports_of_unknown_processes_stand_alone(everything):
    ports = [finding for finding in everything.findings if finding.rule_id == "unused-listening-tcp-port"]
    unknown = [
        msgspec.structs.replace(
            finding,
            attributes=to_builtins(
                msgspec.structs.replace(msgspec.convert(finding.attributes, UnusedPortAttributes), process=None)
            ),
        )
        for finding in ports
    ]
    assert of(unknown) == unknown
