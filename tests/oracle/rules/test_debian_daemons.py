"""Daemons of Debian that run as root: as installed nothing is found, and with one fault planted exactly that.

They run in a Debian of their own (``debian_machine``), started by its own scripts; this machine is not touched.
"""

import os
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.debian_root import debian_root
from tests.oracle.rules.debian_machine import Machine, Watch, assess

from javert.catalogue.lookup import Language
from javert.model.assessment import Outcome
from javert.model.draft import RuleVerdict
from javert.model.view import Telemetry
from javert.report.interface import Page
from javert.report.terminal import render
from javert.rules.evaluation import evaluate
from javert.rules.root_process_insecure_permissions import RULE

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run a Debian of its own"),
]


class Daemon(NamedTuple):
    """One that keeps a process of root's.

    Attributes:
        name: of the process.
        program: its file.
        start: line of shell that starts it.
        package: of Debian.
    """

    name: str
    program: str
    start: str
    package: str


DAEMONS = (
    Daemon("apache2", "/usr/sbin/apache2", "/etc/init.d/apache2 start", "apache2"),
    Daemon("atd", "/usr/sbin/atd", "/etc/init.d/atd start", "at"),
    Daemon("cron", "/usr/sbin/cron", "/etc/init.d/cron start", "cron"),
    Daemon("cupsd", "/usr/sbin/cupsd", "/etc/init.d/cups start", "cups-daemon"),
    Daemon("dovecot", "/usr/sbin/dovecot", "/etc/init.d/dovecot start", "dovecot-imapd"),
    Daemon("fail2ban-server", "/usr/bin/python3.11", "/etc/init.d/fail2ban start", "fail2ban"),
    Daemon("haproxy", "/usr/sbin/haproxy", "haproxy -W -D -f /etc/haproxy/haproxy.cfg", "haproxy"),
    Daemon("inetutils-inetd", "/usr/sbin/inetutils-inetd", "/etc/init.d/inetutils-inetd start", "inetutils-inetd"),
    Daemon("master", "/usr/lib/postfix/sbin/master", "/etc/init.d/postfix start", "postfix"),
    Daemon("nginx", "/usr/sbin/nginx", "/etc/init.d/nginx start", "nginx-light"),
    Daemon("nmbd", "/usr/sbin/nmbd", "/etc/init.d/nmbd start", "samba"),
    Daemon("rsyslogd", "/usr/sbin/rsyslogd", "rsyslogd", "rsyslog"),
    Daemon("smbd", "/usr/sbin/smbd", "/etc/init.d/smbd start", "samba"),
    Daemon("sshd", "/usr/sbin/sshd", "/etc/init.d/ssh start", "openssh-server"),
    Daemon("systemd-udevd", "/usr/bin/udevadm", "/lib/systemd/systemd-udevd --daemon", "udev"),
    Daemon("vsftpd", "/usr/sbin/vsftpd", "/etc/init.d/vsftpd start", "vsftpd"),
)
MORE = ("acl", "bind9", "chrony", "dbus", "gcc", "libc6-dev", "patchelf", "procps", "snmpd")
PACKAGES = tuple(sorted({*(daemon.package for daemon in DAEMONS), *MORE}))
CONFIGURE = """
sed -i 's/^\\(Listen\\) 80$/\\1 8081/' /etc/apache2/ports.conf
touch /var/log/auth.log
printf 'daytime stream tcp nowait root internal\\n' >>/etc/inetd.conf
mkdir -p /run/named /run/haproxy
"""
OTHERS = (
    "/etc/init.d/dbus start",
    "/etc/init.d/named start",
    "/etc/init.d/snmpd start",
    "/etc/init.d/chrony start",
)
"""They give root up: nothing of theirs counts that they map afterwards."""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    made = Machine(debian_root("bookworm", PACKAGES))
    try:
        made.shell(CONFIGURE)
        for line in (*(daemon.start for daemon in DAEMONS), *OTHERS):
            made.shell(line)
        patience = time.monotonic() + 60
        while missing := {daemon.name for daemon in DAEMONS} - roots(made):  # some say they have started too early
            assert time.monotonic() < patience, missing
        yield made
    finally:
        made.close()


def roots(machine: Machine) -> set[str]:
    """The names of the processes of root."""
    return set(machine.run("ps", "-U", "root", "-o", "comm=").split())


def verdict(telemetry: Telemetry) -> RuleVerdict:
    assert telemetry.limitations == ()
    assert [sensor.lost for sensor in telemetry.sensors] == [0, 0]
    answer = RULE.evaluate(telemetry)
    assert answer.exclusions == ()
    return answer


def found(machine: Machine, *while_watched: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By path what was found: the reason and the principals of its only way."""
    answer = {}
    for finding in verdict(assess(machine, while_watched)).findings:
        (way,) = finding.attributes.ways
        answer[finding.attributes.path] = (way.reason, way.principals)
    return answer


def test_nothing_is_found_as_installed(machine):
    telemetry = assess(machine, ["/etc/init.d/cron restart", "/etc/cron.daily/dpkg", "fail2ban-client --version"])
    answer = verdict(telemetry)
    assert (answer.outcome, answer.findings, answer.exclusions) == (Outcome.CLEAR, (), ())
    roots = {telemetry.processes[key].name for module in telemetry.modules for key in module.root_processes}
    assert {daemon.name for daemon in DAEMONS} <= roots
    assert answer.coverage["modules_judged"] > 200
    scripts = {module.path for module in telemetry.modules if module.kind == "script"}
    assert {"/etc/init.d/cron", "/usr/bin/fail2ban-client", "/usr/bin/fail2ban-server"} <= scripts


@pytest.mark.parametrize("daemon", DAEMONS, ids=[daemon.name for daemon in DAEMONS])
def test_a_fault_of_each_is_found_and_nothing_else(machine, daemon):
    machine.run("chmod", "o+w", daemon.program)
    try:
        (finding,) = verdict(assess(machine)).findings
        assert finding.attributes.path == daemon.program
        assert daemon.name in {process.name for process in finding.attributes.processes}
        (way,) = finding.attributes.ways
        assert (way.path, way.reason, way.principals) == (daemon.program, "mode-other", ("others",))
        machine.shell(way.fix)
        assert found(machine) == {}
    finally:
        machine.run("chmod", "o-w", daemon.program)


LIBRARY = "/usr/lib/x86_64-linux-gnu/libwrap.so.0.7.6"
"""Loaded by sshd and vsftpd."""

FAULTS = {
    "owner": ("chown www-data {}", ("owner", ("user:www-data",))),
    "mode-other": ("chmod o+w {}", ("mode-other", ("others",))),
    "mode-group": ("chgrp users {0}; chmod g+w {0}; usermod -aG users games", ("mode-group", ("group:users",))),
    "acl-user": ("setfacl -m u:www-data:rw {}", ("acl", ("user:www-data",))),
    "acl-group": ("setfacl -m g:mail:rw {}; usermod -aG mail games", ("acl", ("group:mail",))),
    "acl-mask": ("setfacl -m u:www-data:rw,m::r {0}; chmod g+w {0}", ("acl", ("user:www-data",))),
}
REPAIR = (
    "setfacl -b {0}; chown root:root {0}; chmod 644 {0}; (gpasswd -d games users; gpasswd -d games mail) || true"
)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_file(machine, fault):
    plant, expected = FAULTS[fault]
    try:
        machine.shell(plant.format(LIBRARY))
        assert found(machine) == {LIBRARY: expected}
    finally:
        machine.shell(REPAIR.format(LIBRARY))


@pytest.mark.parametrize(
    "harmless",
    [
        "chgrp users {0}; chmod g+w {0}",  # nobody is in it
        "setfacl -m u:www-data:rw,m::r {0}",
        "setfacl -m g:mail:r {0}",
    ],
)
def test_near_misses(machine, harmless):
    try:
        machine.shell(harmless.format(LIBRARY))
        assert found(machine) == {}
    finally:
        machine.shell(REPAIR.format(LIBRARY))


def test_a_directory_of_modules_reads_as_one_fault(machine):
    directory = "/usr/lib/apache2/modules"
    try:
        machine.shell(f"chown www-data {directory}")
        telemetry = assess(machine)
        answer = verdict(telemetry)
        paths = [finding.attributes.path for finding in answer.findings]
        assert len(paths) > 10
        assert all(path.startswith(f"{directory}/") for path in paths)
        (ways,) = {finding.attributes.ways for finding in answer.findings}
        assert [(way.path, way.reason, way.principals, way.fix) for way in ways] == [
            (directory, "directory", ("user:www-data",), f"chown root {directory}")
        ]
        report = render(evaluate(telemetry, Language.ENGLISH), Page(width=100, colour=False)).decode()
        assert f"{len(paths)} modules of root processes" in report
        assert report.count(f"chown root {directory}") <= 3
    finally:
        machine.shell(f"chown root {directory}")


def test_a_replaced_library_is_judged_by_what_is_there_now(machine):
    plant = f"cp -p {LIBRARY} /var/tmp/kept; cp {LIBRARY} {LIBRARY}.new; mv {LIBRARY}.new {LIBRARY}"
    try:
        machine.shell(plant)
        assert found(machine) == {}
        machine.shell(f"chown games {LIBRARY}")
        (finding,) = verdict(assess(machine)).findings
        assert (finding.attributes.path, finding.attributes.deleted) == (LIBRARY, True)
        assert [(way.reason, way.principals) for way in finding.attributes.ways] == [("owner", ("user:games",))]
        machine.shell(f"rm {LIBRARY}; chmod o+w /usr/lib/x86_64-linux-gnu")
        answer = {finding.attributes.path: finding.attributes for finding in verdict(assess(machine)).findings}
        assert answer[LIBRARY].deleted
    finally:
        machine.shell(f"chmod o-w /usr/lib/x86_64-linux-gnu; mv /var/tmp/kept {LIBRARY}; chown root {LIBRARY}")
        machine.shell("/etc/init.d/ssh restart; /etc/init.d/vsftpd restart")
    assert found(machine) == {}


# ---------------------------------------------------------------- what is searched, and scripts


@pytest.fixture
def place(machine) -> Iterator[str]:
    """A directory of the user games, and one of root's that all may write to is /var/tmp."""
    machine.shell("mkdir /srv/app && cp /bin/true /srv/kept.so && chown games /srv/app")
    yield "/srv/app"
    machine.shell("rm -rf /srv/app /srv/kept.so /opt/app /var/tmp/job* /usr/local/job* /etc/ld.so.preload")


BY_GAMES = ("directory", ("user:games",))


def test_a_preloaded_library_in_a_directory_of_another_user(machine, place):
    answer = found(
        machine, f"gcc -shared -o {place}/x.so -x c /dev/null; LD_PRELOAD={place}/x.so /bin/true; rm {place}/x.so"
    )
    assert answer == {f"{place}/x.so": BY_GAMES}


def test_a_preloaded_library_that_is_not_there_yet(machine, place):
    watch = Watch()
    machine.shell(
        f"LD_PRELOAD={place}/x.so setsid -f sleep 300 2>/dev/null; until pgrep -x -f 'sleep 300'; do :; done"
    )
    answer = verdict(watch.telemetry(machine))
    machine.shell("pkill -x -f 'sleep 300'")
    (finding,) = answer.findings
    assert finding.attributes.path == f"{place}/x.so"
    assert finding.attributes.searched_by == ("/usr/bin/sleep",)


def test_a_list_of_preloaded_libraries_that_all_may_write(machine, place):
    machine.shell("install -m 666 /dev/null /etc/ld.so.preload")
    assert found(machine) == {"/etc/ld.so.preload": ("mode-other", ("others",))}


@pytest.mark.parametrize("path", ["/srv/app/lib", "$ORIGIN/../../srv/app", "/srv/app/$LIB", "/var/tmp/job/lib"])
@pytest.mark.parametrize("kind", ["--set-rpath", "--force-rpath --set-rpath"])
def test_a_search_path_of_a_program_through_a_directory_where_others_may_plant(machine, place, path, kind):
    machine.shell(f"mkdir -p /opt/app; cp /bin/true /opt/app/true; patchelf {kind} '{path}' /opt/app/true")
    answer = found(machine, "/opt/app/true")
    (way,) = answer.values()
    assert way == (("directory", ("others",)) if path.startswith("/var/tmp") else BY_GAMES)


@pytest.mark.parametrize("interpreter", ["/bin/sh", "/usr/bin/python3", "/usr/bin/perl"])
@pytest.mark.parametrize("start", ["/srv/app/job", "{interpreter} /srv/app/job", "cd /srv/app; {interpreter} job"])
def test_a_script_in_a_directory_of_another_user(machine, place, interpreter, start):
    machine.shell(f"printf '#!{interpreter}\\n' >{place}/job; chmod 755 {place}/job")
    assert found(machine, start.format(interpreter=interpreter)) == {f"{place}/job": BY_GAMES}


def test_a_script_through_a_link_that_belongs_to_another_user(machine, place):
    machine.shell("printf '#!/bin/sh\\n' >/usr/local/job; chmod 755 /usr/local/job")
    machine.shell("ln -s /usr/local/job /var/tmp/job; chown -h games /var/tmp/job")
    assert found(machine, "/var/tmp/job") == {"/usr/local/job": ("symlink", ("user:games",))}


def test_a_script_of_python_where_all_may_put_files_beside_it(machine, place):
    machine.shell("printf '#!/usr/bin/python3\\n' >/var/tmp/job.py; chmod 755 /var/tmp/job.py")
    assert found(machine, "/var/tmp/job.py") == {"/var/tmp/*.py": ("directory", ("others",))}
    machine.shell("printf '#!/usr/bin/python3 -I\\n' >/var/tmp/job.py")
    assert found(machine, "/var/tmp/job.py") == {}
