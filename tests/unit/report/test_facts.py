"""Facts of a finding, from its attributes."""

import msgspec
import pytest

from javert.catalogue.lookup import Language
from javert.model.attributes import RemoteService, Way
from javert.model.rule_id import RuleId
from javert.report.facts import endpoint, facts, fixes, process_lines, way_line


@pytest.fixture
def lines(make_finding, attributes_of_every_rule):
    """The facts of a rule's finding by label; keyword arguments replace attributes."""

    def make(rule, **fields):
        attributes = msgspec.structs.replace(attributes_of_every_rule[rule], **fields)
        return {fact.label: fact.lines for fact in facts(make_finding(rule, attributes, "t"), Language.ENGLISH)}

    return make


def test_a_client_names_its_process_and_remotes(lines):
    found = lines(RuleId.INSECURE_CLIENT_GENERAL)
    assert found["Protocol"] == ("http (not encrypted)",)
    assert found["Process"] == (
        "curl (pid 4321, user app) /usr/bin/curl, started by cron",
        "  curl *** /etc/hosts",
    )
    assert found["Remote"] == ("192.0.2.9:80: connections 3, sent 420 B, received 1.4 MiB",)
    assert "Credentials" in found


def test_remotes_beyond_those_listed_are_counted(lines):
    remote = RemoteService(
        address="2001:db8::1",
        port=21,
        connections=1,
        bytes_out=0,
        bytes_in=0,
        first_seen="",
        last_seen="",
        same_host=True,
    )
    found = lines(RuleId.INSECURE_CLIENT_LOGIN, remotes=(remote,), remote_count=31, credentials_exposed=False)
    assert found["Remote"] == (
        "[2001:db8::1]:21: connections 1, sent 0 B, received 0 B (on this host)",
        "and 30 more",
    )
    assert "Credentials" not in found


def test_an_unused_port_names_who_holds_it_and_how_long(lines):
    found = lines(RuleId.UNUSED_LISTENING_TCP_PORT, listening_s=1800.0)
    assert found["Port"] == ("[::]:9100 tcp",)
    assert found["Process"][0].endswith("unit node-exporter.service")
    assert found["Listened"] == ("for 30 min of 1 h watched",)
    assert "Unit" not in found


def test_a_port_without_known_process_says_so(lines):
    assert lines(RuleId.INSECURE_SERVER_PROTOCOL)["Process"] == ("not known",)


def test_a_server_used_from_this_host_only_says_so(lines):
    found = lines(RuleId.INSECURE_SERVER_PROTOCOL, used_only_from_loopback=True, evidence=("observed", "probed"))
    assert found["Reachable"] == ("from other hosts (used from this host only during the run)",)
    assert found["Evidence"] == ("observed traffic, asked by Javert",)


def test_a_server_that_lets_anyone_in_says_so_and_what_it_is(lines):
    found = lines(RuleId.INSECURE_SERVER_PROTOCOL, authentication="none", software="Redis")
    assert (found["Logging in"], found["Software"]) == (("not needed by anybody",), ("Redis",))
    assert not {"Logging in", "Software"} & set(lines(RuleId.INSECURE_SERVER_PROTOCOL))


def test_a_file_names_its_package_and_reasons(lines):
    found = lines(RuleId.SOFTWARE_WITHOUT_DEP, reasons=("stack-executable", "writable-executable-segment"))
    assert found["Reason"] == (
        "asks for an executable stack",
        "has a segment both writable and executable",
    )
    assert found["Package"] == ("old (Old Inc., third-party package)",)
    assert found["Running as"] == ("10, 11",)
    assert found["Loader"] == ("glibc 2.41 and later refuse to load it",)


def test_a_file_of_an_image_names_the_image_and_a_process_its_reason(lines):
    found = lines(RuleId.SOFTWARE_WITHOUT_DEP, image="shop/web:2", container="web", reasons=("read-implies-exec",))
    assert (found["Image"], found["Container"]) == (("shop/web:2",), ("web",))
    assert found["Reason"] == ("all of its memory is executable",)


def test_a_file_of_which_little_is_known_has_few_facts(lines):
    found = lines(
        RuleId.SOFTWARE_WITHOUT_DEP,
        machine="",
        package="",
        origin="unknown",
        running_pids=(),
        loadable_by_glibc=True,
    )
    assert found["Kind"] == ("shared object",)
    assert found["Package"] == ("not known",)
    assert not {"Running as", "Loader"} & set(found)


def test_a_root_module_names_every_way_and_its_command(lines):
    ways = (
        Way(path="/opt", reason="directory", principals=("group:staff", "user:app"), fix="chmod g-w /opt"),
        Way(path="/opt/x", reason="mode-other", principals=("others",), fix="chmod g-w /opt"),
    )
    found = lines(
        RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS, ways=ways, deleted=True, container="web", process_count=9
    )
    assert found["Changeable"] == (
        "/opt: what is in the directory can be replaced (group staff, user app)",
        "/opt/x: writable by everybody (everybody)",
    )
    assert found["Command"] == ("chmod g-w /opt",)
    assert found["File"] == ("/opt/app/plugin.so (shared object) (deleted or replaced since)",)
    assert found["Process"][-1] == "and 8 more"
    assert found["Container"] == ("web",)


def test_a_program_that_gives_a_group_is_named():
    way = Way(path="/opt", reason="directory", principals=("group:tty",), programs=("/usr/bin/wall", "/\x07"))
    assert way_line(way, Language.ENGLISH) == (
        "/opt: what is in the directory can be replaced (group tty; given to whoever runs /usr/bin/wall, /\\x07)"
    )


def test_a_value_without_words_stands_for_itself(lines):
    assert lines(RuleId.INSECURE_SERVER_PROTOCOL, exposure="moon\x1b")["Reachable"] == ("moon\\x1b",)


def test_names_from_the_host_cannot_act_on_a_terminal(make_process, lines):
    process = make_process("x\x1b[2J", exe="/\nroot", container="\u202e", user="", uid=-1)
    (line,) = process_lines(process, Language.ENGLISH)
    assert line == "x\\x1b[2J (pid 4321, user ?) /\\nroot, container \\u202e"
    way = Way(path="/\x07", reason="owner", principals=("user:\x08",))
    assert way_line(way, Language.ENGLISH) == "/\\x07: owned by another user (user \\x08)"


def test_a_user_without_name_is_a_number(make_process):
    assert "user 1000" in process_lines(make_process("p", user=""), Language.ENGLISH)[0]


def test_commands_are_told_once():
    way = Way(path="/a", reason="owner", principals=("user:x",), fix="chown root /a")
    assert fixes((way, msgspec.structs.replace(way, fix=""), way)) == ("chown root /a",)


def test_endpoints():
    assert endpoint("192.0.2.1", 80) == "192.0.2.1:80"
    assert endpoint("::", 80) == "[::]:80"
