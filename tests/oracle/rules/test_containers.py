"""Containers: a Debian in namespaces of its own, with and without one for users, in a control group of its own."""

import os
from collections.abc import Iterator

import pytest
from tests.debian_root import debian_root
from tests.oracle.rules.debian_machine import Machine, assess
from tests.oracle.rules.test_debian_daemons import PACKAGES

from javert.model.assessment import Outcome
from javert.model.draft import RuleVerdict
from javert.rules.root_process_insecure_permissions import RULE

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make containers"),
]

NAME = f"{os.getpid():064x}"
"""As Docker names a container; its name is the first 12 digits of this."""
SHORT = NAME[:12]


@pytest.fixture(scope="module")
def container() -> Iterator[Machine]:
    made = Machine(debian_root("bookworm", PACKAGES), cgroup=f"docker-{NAME}.scope")
    try:
        made.shell("cp /bin/sleep /opt/daemon; setsid -f /opt/daemon infinity")
        made.shell("groupadd -g 54321 crew; useradd -u 54322 -g crew ann; useradd -u 54323 bea")
        yield made
    finally:
        made.close()


@pytest.fixture(autouse=True)
def repaired(container) -> Iterator[None]:
    yield
    container.shell("chown root:root /opt /opt/daemon; chmod 755 /opt /opt/daemon; rm -rf /opt/x* /srv/*")


def verdict(machine: Machine, *while_watched: str) -> RuleVerdict:
    answer = RULE.evaluate(assess(machine, while_watched))
    assert answer.exclusions == ()
    return answer


def test_nothing_is_found_in_one_as_installed(container):
    answer = verdict(container)
    assert (answer.outcome, answer.findings) == (Outcome.CLEAR, ())
    assert answer.coverage["root_processes"] >= 2


def test_root_of_a_container_without_a_user_namespace_is_root_and_the_container_is_named(container):
    container.run("chown", "bea", "/opt/daemon")
    (finding,) = verdict(container).findings
    assert finding.attributes.container == SHORT
    assert {process.container for process in finding.attributes.processes} == {SHORT}
    assert finding.identity == (SHORT, "/opt/daemon")
    assert finding.text == "root-process-insecure-permissions.container"
    assert [way.principals for way in finding.attributes.ways] == [("user:bea",)], "by its own /etc/passwd"


def test_groups_are_those_of_the_container(container):
    container.shell("chgrp crew /opt; chmod g+w /opt")
    (finding,) = verdict(container).findings
    assert [(way.path, way.principals) for way in finding.attributes.ways] == [("/opt", ("group:crew",))]
    container.shell("userdel ann; chgrp crew /opt; chmod g+w /opt")
    assert verdict(container).findings == ()


def test_a_path_is_the_containers_and_not_the_hosts(container):
    """The host has a file there, too: nobody but root can change it."""
    container.shell("mkdir -p /srv/bin; cp /bin/true /srv/bin/true; mount --bind /srv/bin /usr/local/sbin")
    try:
        container.shell("chmod o+w /srv/bin/true")
        answer = verdict(container, "/usr/local/sbin/true")
        assert [finding.attributes.path for finding in answer.findings] == ["/usr/local/sbin/true"]
    finally:
        container.shell("umount /usr/local/sbin")


def test_libraries_and_scripts_of_a_moment_are_judged_in_it(container):
    container.shell("mkdir /srv/x && chmod 777 /srv/x && gcc -shared -o /srv/x/x.so -x c /dev/null")
    container.shell("printf '#!/bin/sh\\n' >/srv/x/job && chmod 755 /srv/x/job")
    answer = verdict(container, "LD_PRELOAD=/srv/x/x.so /bin/true", "/srv/x/job")
    assert {finding.attributes.path for finding in answer.findings} == {"/srv/x/x.so", "/srv/x/job"}
    assert {finding.attributes.container for finding in answer.findings} == {SHORT}


def test_a_read_only_mount_protects_and_is_told(container):
    container.shell("mkdir -p /srv/bin; cp /bin/true /srv/bin/true; chmod o+w /srv/bin/true")
    container.shell("mount -t tmpfs none /media; cp -p /srv/bin/true /media/true; mount -o remount,ro /media")
    try:
        answer = verdict(container, "/media/true")
        assert answer.outcome is Outcome.CLEAR
        assert answer.coverage["modules_safe_only_by_read_only_mount_or_attribute"] == 1
    finally:
        container.shell("umount /media")


def test_an_immutable_file_is_protected(container):
    """The overlay passes the attribute through to the layer, which lies in memory."""
    container.shell(
        "mount -t tmpfs none /media; cp /bin/true /media/true; chmod o+w /media/true; chattr +i /media/true"
    )
    try:
        answer = verdict(container, "/media/true")
        assert answer.outcome is Outcome.CLEAR
        assert answer.coverage["modules_safe_only_by_read_only_mount_or_attribute"] == 1
    finally:
        container.shell("chattr -i /media/true; umount /media")


def test_root_of_a_user_namespace_is_not_root():
    machine = Machine(debian_root("bookworm", PACKAGES), mapped=True)
    try:
        machine.shell("mkdir /tmp/x; cp /bin/sleep /tmp/x/daemon; chmod 777 /tmp/x /tmp/x/daemon")
        machine.shell("setsid -f /tmp/x/daemon infinity; test $(id -u) = 0")
        telemetry = assess(machine, ["/tmp/x/daemon 0"])
        assert any(module.path == "/tmp/x/daemon" for module in telemetry.modules), "it was seen"
        answer = RULE.evaluate(telemetry)
        assert answer.findings == ()
        assert answer.coverage["root_processes"] == 0
    finally:
        machine.close()
