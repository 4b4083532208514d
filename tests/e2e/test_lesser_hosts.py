"""Hosts on which the kernel programs cannot be used, or not understood: each says what was not seen."""

import socket

import pytest

pytestmark = [pytest.mark.root, pytest.mark.serial]

WITHOUT_CGROUP2 = ("unshare", "--mount", "sh", "-c", 'umount --all --lazy --types cgroup2 && exec "$@"', "sh")
IN_CONTAINERS = {
    "of its own processes": ("unshare", "--pid", "--fork", "--mount", "--mount-proc"),
    "of its own network": ("unshare", "--pid", "--fork", "--mount", "--mount-proc", "--net"),
    "that sees the host's /proc": ("unshare", "--pid", "--fork"),
    "of its own users": (*("unshare", "--user", "--map-root-user", "--pid", "--fork"), "--mount", "--mount-proc"),
}
NETWORK_RULES = {
    "insecure-client-login",
    "insecure-client-general",
    "unused-listening-tcp-port",
    "insecure-server-protocol",
}


def outcomes(document):
    return {rule["id"]: rule["outcome"] for rule in document["rules"]}


def exclusions(document, title):
    return {one["rule_id"]: one["description"] for one in document["exclusions"] if one["title"] == title}


def sensors(document):
    return {sensor["name"] for sensor in document["sensors"]}


def not_clear(document, rules):
    return {rule for rule in rules if outcomes(document)[rule] in ("FINDING", "NOT_AVAILABLE")} == set(rules)


def test_without_a_cgroup_v2_tree_connections_are_polled(javert, workplace):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        unused = listener.getsockname()[1]
        ended = javert.assess("--duration", "2s", "--scan", workplace, before=WITHOUT_CGROUP2).ended()
    assert ended.code in (0, 3), ended.err
    told = exclusions(ended.document, "Connections were polled, not counted")
    assert set(told) == NETWORK_RULES
    assert all("no cgroup v2 tree is mounted" in description for description in told.values())
    assert not_clear(ended.document, NETWORK_RULES)
    assert unused not in [one["attributes"].get("port") for one in ended.document["findings"]]
    assert sensors(ended.document) >= {"network (polling)", "modules (kernel)", "scripts (kernel)"}


@pytest.mark.parametrize("kind", IN_CONTAINERS)
def test_inside_a_container_nothing_is_said_of_the_host(javert, workplace, kind):
    ended = javert.assess("--duration", "2s", "--scan", workplace, before=IN_CONTAINERS[kind]).ended()
    assert ended.code in (0, 3), ended.err
    assert None in exclusions(ended.document, "Javert ran inside a container")
    told = exclusions(ended.document, "Connections were polled, not counted")
    assert set(told) == NETWORK_RULES
    assert not_clear(ended.document, NETWORK_RULES | {"root-process-insecure-permissions"})
    assert sensors(ended.document) >= {"network (polling)", "modules (polling)", "scripts (polling)"}, (
        "the kernel's process ids are not those of the container's /proc"
    )


def test_a_listener_inside_a_container_is_told_with_its_own_process(javert, workplace):
    """Its id there is another than the kernel's, which would name another process, or none."""
    inner = "python3 -c \"import socket, time; s = socket.create_server(('127.0.0.1', 7171)); time.sleep(60)\" & "
    wait = "while ! grep -q :1C03 /proc/net/tcp; do sleep 0.1; done; "
    command = (*IN_CONTAINERS["of its own network"], "sh", "-c", f'ip link set lo up; {inner}{wait}"$@"', "sh")
    run = javert.assess("--duration", "2s", "--scan", workplace, before=command)
    ended = run.ended()
    assert ended.code in (0, 3), ended.err
    listeners = [line for line in run.journal.read_text().splitlines() if '"Listener"' in line and "7171" in line]
    assert listeners
    assert '"processes":[[' in listeners[-1]


def test_the_host_itself_is_no_container(javert, workplace):
    ended = javert.assess("--duration", "1s", "--scan", workplace).ended()
    assert exclusions(ended.document, "Javert ran inside a container") == {}
