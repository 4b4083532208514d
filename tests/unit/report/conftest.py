"""An assessment with something of everything, names from the host that try to act on a terminal included."""

import msgspec
import pytest

from javert.model.assessment import Outcome, RuleResult, SensorSummary
from javert.model.attributes import Way
from javert.model.rule_id import RuleId

DEP = RuleId.SOFTWARE_WITHOUT_DEP
ROOT = RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS
PORT = RuleId.UNUSED_LISTENING_TCP_PORT


@pytest.fixture
def many_files(make_finding, attributes_of_every_rule):
    """Four findings about files of one package, one about a file of none."""
    file = attributes_of_every_rule[DEP]
    paths = [f"/opt/old/lib/lib{name}.so" for name in ("a", "b", "c")] + ["/opt/old/lib/lib\x1b[2Jd.so"]
    in_package = [
        make_finding(
            DEP,
            msgspec.structs.replace(file, path=path, running_pids=(77,) if path.endswith("b.so") else ()),
            f"{path} does not support data execution prevention",
            recommendation=f"Relink it, or: patchelf --clear-execstack {path}",
        )
        for path in paths
    ]
    alone = msgspec.structs.replace(file, path="/usr/local/bin/legacy", package="", vendor="", origin="unpackaged")
    return (
        *in_package,
        make_finding(DEP, alone, "/usr/local/bin/legacy does not support data execution prevention"),
    )


@pytest.fixture
def many_modules(make_finding, attributes_of_every_rule):
    """Three modules under one directory that others can write, and one that is itself writable."""
    module = attributes_of_every_rule[ROOT]
    shared = [
        make_finding(
            ROOT,
            msgspec.structs.replace(module, path=f"/opt/app/{name}.so"),
            f"root loads /opt/app/{name}.so",
            recommendation="Give the directory to root: chown root /opt/app",
        )
        for name in ("x", "y", "z")
    ]
    own = Way(path="/srv/w.so", reason="mode-other", principals=("others",), fix="chmod o-w /srv/w.so")
    writable = msgspec.structs.replace(module, path="/srv/w.so", ways=(own,), process_count=300)
    return (*shared, make_finding(ROOT, writable, "root loads /srv/w.so"))


@pytest.fixture
def everything(make_assessment, make_finding, attributes_of_every_rule, many_files, many_modules, exclusion):
    """An assessment with findings of every rule, exclusions and coverage."""
    ports = [
        make_finding(
            PORT,
            msgspec.structs.replace(attributes_of_every_rule[PORT], port=port, address=address, exposure=exposure),
            f"TCP port {port} is listened on and was not used",
        )
        for port, address, exposure in (
            (9100, "::", "host"),
            (9101, "127.0.0.1", "loopback"),
            (9102, "::1", "loopback"),
        )
    ]
    singles = [
        make_finding(rule, attributes_of_every_rule[rule], title)
        for rule, title in (
            (RuleId.INSECURE_CLIENT_LOGIN, "telnet logs in to 192.0.2.9 in cleartext"),
            (RuleId.INSECURE_CLIENT_GENERAL, "curl uses HTTP with \x1b]0;owned\x07 192.0.2.9"),
            (RuleId.INSECURE_SERVER_PROTOCOL, "FTP is served on port 21"),
        )
    ]
    return make_assessment(
        findings=(*many_modules, singles[0], *many_files, singles[1], *ports, singles[2]),
        rules=tuple(
            RuleResult(
                id=rule,
                outcome=Outcome.FINDING,
                coverage={"files": 119_000, "finished": True} if rule is DEP else {},
            )
            for rule in RuleId
        ),
        exclusions=(
            exclusion(None, "The host was watched for a short time only"),
            *(exclusion(rule, "Events were lost", "packets") for rule in (PORT, RuleId.INSECURE_SERVER_PROTOCOL)),
            exclusion(DEP, "A directory cannot be read", "/mnt/a"),
            exclusion(DEP, "A directory cannot be read", "/mnt/\x1b[31mb"),
        ),
        sensors=(
            SensorSummary(
                name="sockets",
                started_at="2026-11-23T17:00:00.000Z",
                ended_at="2026-11-23T18:00:00.000Z",
                records=12,
                lost=3,
            ),
        ),
    )


@pytest.fixture
def everything_in_japanese(everything):
    """The same assessment with Japanese words, as ``--lang ja`` makes it."""
    words = {
        "title": "{rule} が検出された",
        "description": "ホスト上のプロセスが、暗号化されていない通信または変更可能なファイルを使用しています。"
        "第三者が内容を読み取り、または置き換えることができます。",
        "recommendation": "設定を変更してください。\n  chown root /opt/app",
    }
    findings = tuple(
        msgspec.structs.replace(
            finding, **{name: text.format(rule=finding.rule_id) for name, text in words.items()}
        )
        for finding in everything.findings
    )
    exclusions = tuple(
        msgspec.structs.replace(
            exclusion, title="確認できなかったものがある", description="理由。", recommendation="再実行。"
        )
        for exclusion in everything.exclusions
    )
    return msgspec.structs.replace(everything, language="ja", findings=findings, exclusions=exclusions)
