"""What ``javert rules ID`` says of every rule's evidence and limits, beside the texts in the rules' own modules."""

from javert.catalogue.lookup import Text

_CLIENT_EVIDENCE = Text(
    "The protocol as read in the first bytes of the sessions, the process with its user and program, the remote "
    "services with times and bytes, whether encryption was offered, and whether a credential was exposed. The "
    "credential itself is never recorded.",
    "セッションの最初のバイトから識別したプロトコル、プロセスとそのユーザーおよびプログラム、リモートサービスの"
    "アドレス・時刻・バイト数、暗号化が提示されたか、認証情報が露出したかを示します。認証情報そのものは記録しません。",
)
_CLIENT_LIMITS = Text(
    "Only sessions during the run are seen, so watch while the host does its usual work. A session that was open "
    "before the run is told by its port number if it shows nothing else, and says so. Where a service is used very "
    "often, every session is counted and a sample of them is read. Traffic inside of a tunnel (VPN, SSH forwarding) "
    "is seen where it enters the tunnel, not inside of it.",
    "確認できるのは実行中のセッションだけなので、ホストが通常どおり動作している時間帯に実行してください。実行前から"
    "開いていて他に手掛かりのないセッションはポート番号から判断し、その旨を示します。頻繁に使われるサービスでは、"
    "すべてのセッションを数え、その一部の内容を読み取ります。トンネル (VPN、SSH 転送) "
    "内部の通信は、トンネルに入る前の時点でだけ確認できます。",
)

TEXTS: dict[str, Text] = {
    "rule.insecure-client-login.evidence": _CLIENT_EVIDENCE,
    "rule.insecure-client-login.limits": _CLIENT_LIMITS,
    "rule.insecure-client-general.evidence": _CLIENT_EVIDENCE,
    "rule.insecure-client-general.limits": _CLIENT_LIMITS,
    "rule.unused-listening-tcp-port.evidence": Text(
        "The address and port, from where it can be reached, the process or systemd unit that holds it, and how long it "
        "was listened on during the run. Connections are counted by the kernel, however short they are.",
        "アドレスとポート、到達できる範囲、保持しているプロセスまたは systemd ユニット、実行中にリッスンしていた時間を"
        "示します。接続はどれほど短くてもカーネル内で数えます。",
    ),
    "rule.unused-listening-tcp-port.limits": Text(
        "A port that is used once a day looks unused in an hour. A listener that lived less than 60 s, or less than a "
        "tenth of the run, is not judged. Without the kernel's counters, connections shorter than the polling interval "
        "are missed, and an exclusion says so.",
        "1 日に 1 回だけ使われるポートは、1 時間の実行では未使用に見えます。60 秒未満、または実行時間の 10 分の 1 未満"
        "しか存在しなかったものは判定しません。カーネルで数えられない場合、確認の間隔より短い接続は見逃され、その旨を"
        "除外項目で示します。",
    ),
    "rule.insecure-server-protocol.evidence": Text(
        "The protocol as read in the first bytes of incoming sessions or in what the service answered to Javert, the "
        "address and port, from where it can be reached, the process, and whether the service only redirects to https, "
        "leaves encryption to the client, or offers none.",
        "着信セッションの最初のバイト、または Javert への応答から識別したプロトコル、アドレスとポート、到達できる範囲、"
        "プロセス、https へのリダイレクトだけを行うか、暗号化がクライアント任せか、暗号化を提供しないかを示します。",
    ),
    "rule.insecure-server-protocol.limits": Text(
        "Javert never logs in, so what a service demands only after a login is not known. It asks from this host: a "
        "service that treats other hosts differently is judged by what it says here, and by what its clients were seen "
        "to do. A service that answers nothing Javert understands is named in an exclusion.",
        "Javert はログインしないため、ログイン後に初めて要求されることは分かりません。問い合わせはこのホストから行います。"
        "他のホストを異なる扱いにするサービスは、ここでの応答と、実際のクライアントの通信から判定します。理解できる応答の"
        "ないサービスは除外項目に示します。",
    ),
    "rule.software-without-dep.evidence": Text(
        "The file, what in its header asks for executable memory, its machine, the package and vendor it comes from, "
        "the processes that run it now, and whether recent C libraries still load it.",
        "ファイル、そのヘッダーのうち実行可能なメモリを要求している部分、マシンの種類、パッケージとベンダー、現在"
        "実行しているプロセス、新しい C ライブラリが読み込めるかどうかを示します。",
    ),
    "rule.software-without-dep.limits": Text(
        "Memory that a program makes executable by itself while it runs (just-in-time compilers) is not judged. "
        "Without --scan, network file systems are left out. Only machines whose rules are known are judged; "
        "the others are counted.",
        "プログラムが実行中に自ら実行可能にするメモリ (JIT コンパイラ) は判定しません。--scan を指定しない場合、"
        "ネットワークファイルシステムは対象外です。規則が分かっている種類のマシンだけを判定し、他は件数を示します。",
    ),
    "rule.root-process-insecure-permissions.evidence": Text(
        "The module, the root processes that loaded it at any moment of the run, and every file, directory and link on "
        "the way to it that somebody other than root can change: why, who, and the command that ends it.",
        "モジュール、実行中のいずれかの時点でそれを読み込んだ root プロセス、およびモジュールへの経路上で root 以外が"
        "変更できるすべてのファイル・ディレクトリ・リンクと、その理由、変更できる者、解消するコマンドを示します。",
    ),
    "rule.root-process-insecure-permissions.limits": Text(
        "Permissions are read during the run; one that is given for a moment can be missed. Network and user-space "
        "file systems decide by rules of their own, so modules on them are named in an exclusion. What security modules "
        "such as SELinux forbid on top of the permissions is not taken into account.",
        "アクセス許可は実行中に読み取るため、一瞬だけ与えられたものは見逃すことがあります。ネットワークおよびユーザー"
        "空間のファイルシステムは独自の規則で判断するため、その上のモジュールは除外項目に示します。SELinux などの"
        "セキュリティモジュールがさらに禁止しているものは考慮しません。",
    ),
}
