"""Texts of the rule ``unused-listening-tcp-port``."""

from itertools import product

from javert.catalogue.clients import joined
from javert.catalogue.lookup import Text

_RULE = "unused-listening-tcp-port"

_EXPOSURES: dict[str, tuple[Text, Text]] = {
    "host": (
        Text("It can be reached from the network.", "ネットワークから到達できます。"),
        Text(
            "If only this host needs it, bind it to 127.0.0.1.",
            "このホストだけが必要とする場合は 127.0.0.1 にバインドしてください。",
        ),
    ),
    "loopback": (Text("Only this host can reach it.", "このホストからだけ到達できます。"), Text("", "")),
    "container": (
        Text(
            "It is in a network namespace of its own ({place}) and is reached as that is.",
            "専用のネットワーク名前空間 ({place}) にあり、到達可能性はその構成に従います。",
        ),
        Text("", ""),
    ),
}
_AGAIN = Text(
    "It was silent in each of the {runs} runs since {since} in which it could be judged, {hours} hours in all.",
    "{since} 以降、判断できた {runs} 回の評価 (合計 {hours} 時間) のすべてで接続がありませんでした。",
)
_NOTHING = Text("", "")
_SILENCES: dict[str, tuple[Text, Text]] = {
    "once": (
        _NOTHING,
        Text(
            "Watch for longer before you decide: one run is short evidence.",
            "1 回の評価だけでは根拠が短いため、判断の前により長く監視してください。",
        ),
    ),
    "again": (
        _AGAIN,
        Text(
            "Watch for longer before you decide: less than a day in all is short evidence.",
            "合計 1 日未満の監視では根拠が短いため、判断の前により長く監視してください。",
        ),
    ),
    "long": (_AGAIN, _NOTHING),
}
_PUBLISHED_FIX = Text(
    "If nobody needs it, start the container without publishing the port (`-p`), or publish it on 127.0.0.1 only.",
    "不要であれば、ポートを公開せずに (`-p` なしで) コンテナーを起動するか、127.0.0.1 にだけ公開してください。",
)
_PUBLISHED_TITLE = Text(
    "TCP port {where}, published for a container, is unused",
    "コンテナーのために公開された TCP ポート {where} は未使用です",
)
_OWNERS: dict[str, tuple[Text, Text]] = {
    "process": (
        Text(
            "{exe}, run by user {user} (pid {pid}), listened there for {seconds} s of the run and nobody connected.",
            "ユーザー {user} が実行する {exe} (pid {pid}) が評価中 {seconds} 秒間リッスンしていましたが、接続はありませんでした。",
        ),
        Text(
            "If nobody needs the service, stop and disable it (`systemctl disable --now NAME` for its unit), or close "
            "the port in its configuration.",
            "不要なサービスであれば停止して無効化するか (ユニットの場合は `systemctl disable --now NAME`)、設定でポートを閉じて"
            "ください。",
        ),
    ),
    "unit": (
        Text(
            "systemd listened there for its unit {unit} for {seconds} s of the run and nobody connected.",
            "systemd がユニット {unit} のために評価中 {seconds} 秒間リッスンしていましたが、接続はありませんでした。",
        ),
        Text(
            "If nobody needs it: `systemctl disable --now {unit}`.",
            "不要であれば `systemctl disable --now {unit}` を実行してください。",
        ),
    ),
    "service": (
        Text(
            "{exe}, run by user {user} (pid {pid}) for the service {unit}, listened there for {seconds} s of the run and "
            "nobody connected.",
            "サービス {unit} のためにユーザー {user} が実行する {exe} (pid {pid}) が評価中 {seconds} 秒間リッスンしていましたが、"
            "接続はありませんでした。",
        ),
        Text(
            "If nobody needs the service, stop and disable it (`Stop-Service NAME; Set-Service NAME -StartupType Disabled` "
            "in PowerShell), or close the port in its configuration.",
            "不要なサービスであれば停止して無効化するか (PowerShell で `Stop-Service NAME; Set-Service NAME -StartupType "
            "Disabled`)、設定でポートを閉じてください。",
        ),
    ),
    "published": (
        Text(
            "{exe} (pid {pid}) holds the port for a container ({place}), whose {target} it leads to. It was there for "
            "{seconds} s of the run and nobody connected, neither here nor to the container.",
            "{exe} (pid {pid}) がコンテナー ({place}) の {target} のためにポートを保持しています。評価中 {seconds} 秒間存在しまし"
            "たが、ここにもコンテナーにも接続はありませんでした。",
        ),
        _PUBLISHED_FIX,
    ),
    "published-somewhere": (
        Text(
            "{exe} (pid {pid}) holds the port for a container ({place}); which port there it leads to is not known. It was "
            "there for {seconds} s of the run and nobody connected, neither here nor to any port of the container.",
            "{exe} (pid {pid}) がコンテナー ({place}) のためにポートを保持しています (コンテナー内のポートは不明です)。評価中 "
            "{seconds} 秒間存在しましたが、ここにもコンテナーのどのポートにも接続はありませんでした。",
        ),
        _PUBLISHED_FIX,
    ),
    "unknown": (
        Text(
            "Something listened there for {seconds} s of the run and nobody connected. Which process it is could not be "
            "told; the kernel itself, another container or a process hidden from Javert may hold the socket.",
            "評価中 {seconds} 秒間リッスンされていましたが、接続はありませんでした。プロセスは特定できませんでした。カーネル自身、"
            "別のコンテナー、または Javert から見えないプロセスがソケットを保持している可能性があります。",
        ),
        Text(
            "Find out what it is (`ss -tlnp 'sport = :{port}'` as root, outside of containers), and stop it if nobody "
            "needs it.",
            "コンテナーの外で root として `ss -tlnp 'sport = :{port}'` を実行して特定し、不要であれば停止してください。",
        ),
    ),
}
_WINDOWS_FIXES: dict[str, Text] = {
    "process": Text(
        "If nobody needs the program, end it and keep it from starting again, or close the port in its configuration.",
        "不要なプログラムであれば終了して自動起動を無効にするか、設定でポートを閉じてください。",
    ),
    "unknown": Text(
        "Find out what it is (`netstat -abno` as an administrator), and stop it if nobody needs it.",
        "管理者として `netstat -abno` を実行して特定し、不要であれば停止してください。",
    ),
}
"""What to do on Windows, where that is something else."""
_TITLES: dict[str, Text] = {
    "process": Text(
        "TCP port {where} of {process} is listened on and unused", "{process} の TCP ポート {where} は未使用です"
    ),
    "unit": Text(
        "TCP port {where} of {unit} is listened on and unused", "{unit} の TCP ポート {where} は未使用です"
    ),
    "service": Text(
        "TCP port {where} of {unit} is listened on and unused", "{unit} の TCP ポート {where} は未使用です"
    ),
    "published": _PUBLISHED_TITLE,
    "published-somewhere": _PUBLISHED_TITLE,
    "unknown": Text("TCP port {where} is listened on and unused", "リッスンする TCP ポート {where} は未使用です"),
}


def _findings() -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for (exposure, (reached, bind)), (owner, (what, fix)), (silence, (before, caution)) in product(
        _EXPOSURES.items(), _OWNERS.items(), _SILENCES.items()
    ):
        key = f"finding.{_RULE}.{exposure}.{owner}.{silence}"
        texts[f"{key}.title"] = _TITLES[owner]
        texts[f"{key}.description"] = joined(what, before, reached)
        texts[f"{key}.recommendation"] = joined(fix, caution, bind)
        if owner in _WINDOWS_FIXES:
            texts[f"{key}.windows.title"] = texts[f"{key}.title"]
            texts[f"{key}.windows.description"] = texts[f"{key}.description"]
            texts[f"{key}.windows.recommendation"] = joined(_WINDOWS_FIXES[owner], caution, bind)
    return texts


TEXTS: dict[str, Text] = {
    f"rule.{_RULE}.name": Text("Unused listening TCP ports", "未使用のリッスンする TCP ポート"),
    f"rule.{_RULE}.summary": Text(
        "A TCP port was listened on, and no traffic came to it during the run.",
        "TCP ポートがリッスンされていましたが、評価中にトラフィックがありませんでした。",
    ),
    f"rule.{_RULE}.why": Text(
        "A service that nobody uses is attack surface for nothing, and is often one that nobody updates.",
        "誰も使用しないサービスは不要な攻撃対象となり、更新されないまま放置されがちです。",
    ),
    f"rule.{_RULE}.how": Text(
        "The kernel counts every connection that was completed, however short, and data on connections that were open "
        "before. A half-open scan is no traffic. Listeners there for less than 60 s or a tenth of the run are not "
        "judged. A service on every IPv4 and IPv6 address is one.",
        "カーネルが、どれほど短くても確立されたすべての接続と、以前から開いていた接続上のデータを数えます。ハーフオープン"
        "スキャンはトラフィックとみなしません。60 秒未満、または評価時間の 10 分の 1 未満しか存在しなかったリスナーは判定"
        "しません。すべての IPv4 と IPv6 アドレスで待ち受けるサービスは 1 つとして扱います。",
    ),
    f"rule.{_RULE}.fix": Text(
        "Stop and disable the service, bind it to loopback, or keep it if longer watching shows that it is used.",
        "サービスを停止して無効化するか、ループバックにバインドしてください。より長い監視で使用が確認された場合は維持して"
        "ください。",
    ),
    **_findings(),
    "limitation.listener-too-young.title": Text(
        "Listeners that were not there for long enough", "リッスン時間が短すぎるリスナー"
    ),
    "limitation.listener-too-young.description": Text(
        "Nobody connected, but they were there for less than 60 s or a tenth of the run: too short to call them unused.",
        "接続はありませんでしたが、リッスンしていたのは 60 秒未満、または評価時間の 10 分の 1 未満で、未使用と判断するには"
        "短すぎます。",
    ),
    "limitation.listener-too-young.recommendation": Text(
        "Assess again, or for longer.", "もう一度、またはより長く評価してください。"
    ),
    "limitation.port-traffic-prompted.title": Text(
        "Ports to which something came only because Javert asked a service",
        "Javert の問い合わせが原因の可能性がある接続だけがあったポート",
    ),
    "limitation.port-traffic-prompted.description": Text(
        "The only connections came from a service of this host just when Javert asked that one what it accepts. They may "
        "be its reaction, as of a proxy, or traffic of its clients: neither used nor unused can be said.",
        "接続は、Javert がこのホストの別のサービスに問い合わせていた間に、そのサービスから来たものだけでした。プロキシーの"
        "ような反応か、クライアントの通信かを区別できないため、使用の有無は判断できません。",
    ),
    "limitation.port-traffic-prompted.recommendation": Text(
        "Assess with --no-probe, or for longer.", "--no-probe を付けるか、より長く評価してください。"
    ),
    "limitation.port-traffic-redirected.title": Text(
        "Ports to which connections may have come by redirection",
        "リダイレクトされた接続があった可能性のあるポート",
    ),
    "limitation.port-traffic-redirected.description": Text(
        "Nothing came to these ports themselves, but connections came to ports on which nobody listens: the kernel handed "
        "them to some listener there (TPROXY, or a BPF program at sk_lookup). Which one cannot be told.",
        "これらのポート自体への接続はありませんでしたが、誰もリッスンしていないポートへの接続がありました。カーネルがいずれかの"
        "リスナーに渡しています (TPROXY、または sk_lookup の BPF プログラム)。どのリスナーかは判断できません。",
    ),
    "limitation.port-traffic-redirected.recommendation": Text(
        "Look at the rules by which the host redirects connections (`nft list ruleset`, `ip rule`, `bpftool link`).",
        "接続をリダイレクトする規則 (`nft list ruleset`、`ip rule`、`bpftool link`) を確認してください。",
    ),
    "limitation.published-port-untold.title": Text(
        "Published ports of which it is not known where they lead", "転送先が不明な公開ポート"
    ),
    "limitation.published-port-untold.description": Text(
        "A container runtime holds these ports, and the kernel sends connections on to a container without touching them. "
        "Which port of which container that is the runtime does not tell, so neither used nor unused can be said.",
        "コンテナーランタイムがこれらのポートを保持し、カーネルは接続をここを通さずにコンテナーへ転送します。どのコンテナーのどの"
        "ポートかが示されないため、使用の有無は判断できません。",
    ),
    "limitation.published-port-untold.recommendation": Text(
        "See which it is (`podman port --all`, `docker ps`), and look at the ports of that container.",
        "`podman port --all` または `docker ps` で確認し、そのコンテナーのポートを調べてください。",
    ),
    "limitation.port-history-unwritable.title": Text(
        "What this run saw of silent ports could not be kept for the next one",
        "接続のなかったポートの記録を次回の評価のために保存できなかった",
    ),
    "limitation.port-history-unwritable.description": Text(
        "Writing to the state directory failed ({reason}); the next run counts the silence of ports without this one.",
        "状態ディレクトリーへの書き込みに失敗しました ({reason})。次回の評価では、今回の無通信期間は数えられません。",
    ),
    "limitation.port-history-unwritable.recommendation": Text(
        "Make room there, or name another place in JAVERT_STATE_DIR.",
        "空き容量を確保するか、JAVERT_STATE_DIR に別の場所を指定してください。",
    ),
    "limitation.unused-ports-unprovable.title": Text(
        "Whether ports are unused could not be told", "ポートが未使用かどうかを判断できない"
    ),
    "limitation.unused-ports-unprovable.description": Text(
        "No connection was seen on these, but connections were not all counted: {ports}.",
        "次のポートで接続は確認されませんでしたが、すべての接続を数えることはできませんでした: {ports}。",
    ),
    "limitation.unused-ports-unprovable.recommendation": Text(
        "Run Javert as root on a kernel that allows BPF.",
        "BPF を使用できるカーネルで、root として実行してください。",
    ),
}
