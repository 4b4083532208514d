"""Texts of limitations that the Linux sensors of network and modules tell of."""

from javert.catalogue.lookup import Text

_BPF_FIX = Text(
    "Run Javert as root, outside of containers, on Linux 5.12 or later (6.7 for modules) with BTF (CONFIG_DEBUG_INFO_BTF) and a mounted "
    "cgroup v2 tree, and with libbpf 1.0 or later installed.",
    "cgroup v2 がマウントされ BTF (CONFIG_DEBUG_INFO_BTF) が有効な Linux 5.12 以降 (モジュールには 6.7 以降) で、libbpf 1.0 以降をインストールし、"
    "コンテナーの外で root として実行してください。",
)
_REPORT = Text(
    "Report it to the project with the line above; --no-probe asks no service.",
    "上記の内容を添えてプロジェクトに報告してください。--no-probe で問い合わせを無効にできます。",
)
_LONGER = Text(
    "Assess again at a quieter time, or in parts with --rule.",
    "負荷の低い時間帯にもう一度評価するか、--rule で分けて評価してください。",
)


def _limitation(code: str, title: Text, description: Text, recommendation: Text) -> dict[str, Text]:
    return {
        f"limitation.{code}.title": title,
        f"limitation.{code}.description": description,
        f"limitation.{code}.recommendation": recommendation,
    }


TEXTS: dict[str, Text] = {
    **_limitation(
        "client-traffic-prompted",
        Text(
            "Sessions that Javert may have caused are not judged",
            "Javert が原因の可能性があるセッションは判定されない",
        ),
        Text(
            "The service spoke a protocol without encryption to {remotes}, only while Javert asked it what it accepts. That "
            "may be its reaction, as of a proxy, and not what its clients have it do.",
            "このサービスは、Javert が問い合わせていた間にだけ {remotes} と暗号化されないプロトコルで通信しました。プロキシーの"
            "ような反応で、クライアントによるものではない可能性があります。",
        ),
        Text("Assess with --no-probe, or for longer.", "--no-probe を付けるか、より長く評価してください。"),
    ),
    **_limitation(
        "probe-failed",
        Text("A service could not be asked", "サービスに問い合わせできなかった"),
        Text(
            "The conversation with it failed. This is a fault of Javert: {fault}.",
            "対話に失敗しました。これは Javert の不具合です: {fault}。",
        ),
        _REPORT,
    ),
    **_limitation(
        "probes-failed",
        Text("Asking services failed during the run", "サービスへの問い合わせが途中で失敗した"),
        Text(
            "No service was asked from then on. This is a fault of Javert: {fault}.",
            "それ以降、サービスに問い合わせていません。これは Javert の不具合です: {fault}。",
        ),
        _REPORT,
    ),
    **_limitation(
        "connections-polled",
        Text("Connections were polled, not counted", "接続は計数ではなくポーリングで確認された"),
        Text(
            "The kernel programs could not be used: {reason}. Sockets were listed a few times a second instead. "
            "Connections shorter than that, UDP, and what connections carry were not seen; a protocol is told by "
            "its port number only.",
            "カーネルプログラムを使用できませんでした: {reason}。代わりに 1 秒に数回ソケットを一覧しました。それより短い接続、"
            "UDP、通信の内容は確認できず、プロトコルはポート番号だけから判断しています。",
        ),
        _BPF_FIX,
    ),
    **_limitation(
        "modules-polled",
        Text("Modules of short-lived processes were not seen", "短命なプロセスのモジュールを確認できなかった"),
        Text(
            "The kernel programs could not be used: {reason}. Memory maps were read at the start, at the end and every "
            "10 s or more instead; processes that lived in between, and what was loaded and unloaded, were missed.",
            "カーネルプログラムを使用できませんでした: {reason}。代わりに開始時、終了時、および 10 秒以上の間隔でメモリマップを"
            "読み取りました。その間だけ存在したプロセスや、一時的に読み込まれたモジュールは確認できませんでした。",
        ),
        _BPF_FIX,
    ),
    **_limitation(
        "modules-last-look",
        Text("The last look at processes failed", "終了時のプロセスの確認に失敗した"),
        Text(
            "At the end of the run the processes could not be listed once more: {reason}.",
            "評価の終了時にプロセスをもう一度一覧できませんでした: {reason}。",
        ),
        Text("Assess again.", "もう一度評価してください。"),
    ),
    **_limitation(
        "short-lived-modules-unseen",
        Text("Modules of short-lived processes were not seen", "短命なプロセスのモジュールを確認できなかった"),
        Text(
            "This kernel takes a process's memory down before it tells of its end. What processes had loaded that "
            "lived only between two looks (10 s or more apart) was not seen.",
            "このカーネルは、プロセスの終了を通知する前にそのメモリを解放します。10 秒以上の間隔で行われる確認の間だけ存在した"
            "プロセスが読み込んだモジュールは確認できませんでした。",
        ),
        Text("Use Linux 6.16 or later.", "Linux 6.16 以降を使用してください。"),
    ),
    **_limitation(
        "modules-before-exec-unseen",
        Text(
            "Modules of programs that were replaced were not seen",
            "置き換えられたプログラムのモジュールを確認できなかった",
        ),
        Text(
            "This kernel does not tell when a program is about to be replaced by another (execve). What a short-lived "
            "program had loaded before that was not seen.",
            "このカーネルは、プログラムが別のプログラムに置き換えられる (execve) 直前に通知しません。短命なプログラムがその前に"
            "読み込んだモジュールは確認できませんでした。",
        ),
        Text("Use Linux 6.10 or later.", "Linux 6.10 以降を使用してください。"),
    ),
    **_limitation(
        "modules-closed-unseen",
        Text(
            "Libraries that were opened and closed again were not seen",
            "一時的に読み込まれて解放されたライブラリを確認できなかった",
        ),
        Text(
            "This kernel does not tell when code of a file is run for the first time. What a root process loaded and "
            "unloaded again between two looks (10 s or more apart), as PAM does, was not seen.",
            "このカーネルは、ファイルのコードが初めて実行されることを通知しません。PAM のように、10 秒以上の間隔で行われる確認"
            "の間に root プロセスが読み込んで解放したものは確認できませんでした。",
        ),
        Text("Use Linux 6.11 or later on x86-64.", "x86-64 上の Linux 6.11 以降を使用してください。"),
    ),
    **_limitation(
        "processes-busy",
        Text("Some processes were too busy to be looked at", "一部のプロセスを確認できなかった"),
        Text(
            "The memory maps of {count} processes changed just when they were to be read (for instance {examples}).",
            "{count} 個のプロセスのメモリマップが、読み取り中に変更されていました (例: {examples})。",
        ),
        _LONGER,
    ),
    **_limitation(
        "exits-busy",
        Text(
            "Some processes were too busy to be looked at when they ended", "終了時に確認できなかったプロセスがある"
        ),
        Text(
            "The memory maps of {count} processes could not be read at their end.",
            "{count} 個のプロセスのメモリマップを終了時に読み取れませんでした。",
        ),
        _LONGER,
    ),
    **_limitation(
        "processes-not-readable",
        Text("Some processes could not be looked into", "一部のプロセスの内部を確認できない"),
        Text(
            "{count} processes of other users could not be looked into: whose sockets they hold and what they have "
            "loaded is not known.",
            "他のユーザーの {count} 個のプロセスを確認できませんでした。保持しているソケットと読み込んだモジュールは不明です。",
        ),
        Text("Run Javert as root.", "root として Javert を実行してください。"),
    ),
    **_limitation(
        "mapped-file-foreign",
        Text(
            "Programs on a network or user-space file system were not read",
            "ネットワークまたはユーザー空間のファイルシステム上のプログラムを読み取っていない",
        ),
        Text(
            "A process runs code from a file system of type {file_system}, whose server might never answer; reading the "
            "file could have stopped the assessment.",
            "プロセスが種類 {file_system} のファイルシステム上のコードを実行していますが、サーバーが応答せず評価が停止する可能性が"
            "あるため、ファイルを読み取っていません。",
        ),
        Text(
            "Assess the host that keeps the files, or name the path with --scan.",
            "ファイルを保持しているホストを評価するか、--scan でパスを指定してください。",
        ),
    ),
    **_limitation(
        "network-namespace-unreadable",
        Text("A network namespace could not be looked into", "ネットワーク名前空間を確認できない"),
        Text(
            "{reason}. Its listeners and connections open before the run are not known.",
            "{reason}。そのリスナーと、評価の開始前から開いていた接続は不明です。",
        ),
        Text("Run Javert as root, outside of containers.", "コンテナーの外で root として実行してください。"),
    ),
    **_limitation(
        "segments-over-budget",
        Text("Some payload was not looked at", "確認されなかったペイロードがある"),
        Text(
            "{count} first segments came faster than Javert allows itself to read them, to spare the host. Connections "
            "were all counted, but the protocol of some was not told.",
            "ホストへの負荷を抑えるため、{count} 個の先頭セグメントを読み取りませんでした。接続はすべて数えましたが、一部の"
            "プロトコルは判定されていません。",
        ),
        _LONGER,
    ),
    **_limitation(
        "clients-not-counted",
        Text("Some clients were not counted", "数えられなかったクライアントがある"),
        Text(
            "Clients of this host talked to more different services than Javert keeps apart; {count} connections were "
            "not counted.",
            "このホストのクライアントが通信したサービスの種類が上限を超えたため、{count} 件の接続を数えられませんでした。",
        ),
        _LONGER,
    ),
    **_limitation(
        "listeners-not-counted",
        Text("Some listeners were not counted", "数えられなかったリスナーがある"),
        Text(
            "{count} events of listeners and their connections were lost, so no port is called unused.",
            "リスナーとその接続に関する {count} 件のイベントが失われたため、未使用のポートは判定していません。",
        ),
        _LONGER,
    ),
}
