"""Texts that only Windows hosts need: what its sensors could not see, and other words for what Linux says otherwise.

A stem that ends in ``windows`` takes the place of the same stem without it where the host runs Windows.
"""

from javert.catalogue.lookup import Text

_ADMINISTRATOR = Text(
    "Run Javert from a console that was started as administrator, or as LocalSystem.",
    "管理者として起動したコンソールから、または LocalSystem として Javert を実行してください。",
)
_LONGER = Text(
    "Assess again at a quieter time, or for longer.",
    "負荷の低い時間帯に、またはより長く評価してください。",
)


def _limitation(code: str, title: Text, description: Text, recommendation: Text) -> dict[str, Text]:
    return {
        f"limitation.{code}.title": title,
        f"limitation.{code}.description": description,
        f"limitation.{code}.recommendation": recommendation,
    }


TEXTS: dict[str, Text] = {
    **_limitation(
        "windows-connections-polled",
        Text("Connections were polled, not counted", "接続は計数ではなくポーリングで確認された"),
        Text(
            "Windows refused a session of event tracing: {reason}. Sockets were listed a few times a second instead. "
            "Connections shorter than that and UDP were not seen, nor how much was sent.",
            "Windows がイベントトレースのセッションを拒否しました: {reason}。代わりに 1 秒に数回ソケットを一覧しました。それより"
            "短い接続、UDP、通信量は確認できませんでした。",
        ),
        _ADMINISTRATOR,
    ),
    **_limitation(
        "windows-payload-unread",
        Text("What connections carry was not seen", "通信の内容を確認できない"),
        Text(
            "Windows refused raw sockets that see the traffic of this host: {reason}. A protocol that a client speaks is "
            "told by its port number only.",
            "Windows がこのホストのトラフィックを確認するための raw ソケットを拒否しました: {reason}。クライアントのプロトコルは"
            "ポート番号だけから判断しています。",
        ),
        _ADMINISTRATOR,
    ),
    **_limitation(
        "windows-address-unread",
        Text("What connections of an address carry was not seen", "あるアドレスの通信の内容を確認できない"),
        Text(
            "Windows refused a raw socket that sees the traffic of {scope}: {reason}. What went over it was counted, and "
            "not read.",
            "Windows が {scope} のトラフィックを確認するための raw ソケットを拒否しました: {reason}。通信は数えられましたが、"
            "内容は確認されていません。",
        ),
        _ADMINISTRATOR,
    ),
    **_limitation(
        "windows-ipv6-payload-unread",
        Text("What IPv6 connections carry was not seen", "IPv6 の通信の内容を確認できない"),
        Text(
            "Windows' raw sockets see IPv4 only. Connections over IPv6 were counted; the protocol that a client speaks "
            "over it is told by its port number only.",
            "Windows の raw ソケットで確認できるのは IPv4 だけです。IPv6 の接続は数えられましたが、クライアントのプロトコルは"
            "ポート番号だけから判断しています。",
        ),
        Text(
            "Capture the host's IPv6 traffic (pktmon, then pktmon etl2pcap) and give the file to javert replay.",
            "pktmon で IPv6 トラフィックを記録し、pktmon etl2pcap で変換したファイルを javert replay で評価してください。",
        ),
    ),
    **_limitation(
        "windows-inbound-unread",
        Text("What came in from other hosts was not seen", "他のホストから受信した内容を確認できない"),
        Text(
            "Data came from other hosts, and the raw sockets got none of it: the Windows firewall keeps it from a program "
            "without a rule that allows it. What this host sent was read.",
            "他のホストからデータを受信しましたが、raw ソケットには届きませんでした。許可する規則のないプログラムには Windows "
            "ファイアウォールが渡さないためです。このホストが送信した内容は確認されました。",
        ),
        Text(
            "Allow it for the time of the run, in PowerShell:\n"
            "  New-NetFirewallRule -DisplayName Javert -Direction Inbound -Action Allow -Program (Get-Command "
            "python).Source\n"
            "  Remove-NetFirewallRule -DisplayName Javert",
            "評価の間だけ PowerShell で許可してください:\n"
            "  New-NetFirewallRule -DisplayName Javert -Direction Inbound -Action Allow -Program (Get-Command "
            "python).Source\n"
            "  Remove-NetFirewallRule -DisplayName Javert",
        ),
    ),
    **_limitation(
        "windows-payload-paused",
        Text("Some payload was not looked at", "確認されなかったペイロードがある"),
        Text(
            "Packets came faster than Javert allows itself to read them, to spare the host: for {seconds} s in all none was "
            "read. Connections were counted, but the protocol of some was not told.",
            "ホストへの負荷を抑えるため、合計 {seconds} 秒間はパケットを読み取りませんでした。接続は数えられましたが、一部の"
            "プロトコルは判定されていません。",
        ),
        _LONGER,
    ),
    **_limitation(
        "windows-last-look",
        Text("The last look at sockets failed", "終了時のソケットの確認に失敗した"),
        Text(
            "At the end of the run the sockets could not be listed once more: {reason}.",
            "評価の終了時にソケットをもう一度一覧できませんでした: {reason}。",
        ),
        Text("Assess again.", "もう一度評価してください。"),
    ),
    # ------------------------------------------------------------ other words than Linux's
    **_limitation(
        "not-root.windows",
        Text("Javert did not run as an administrator", "Javert が管理者として実行されていない"),
        Text(
            "Without administrators' rights the processes of other users and the traffic of this host can be seen only "
            "in part. Findings are true; what is missing from them proves nothing.",
            "管理者権限がないため、他のユーザーのプロセスとこのホストのトラフィックは一部しか確認できません。報告された結果は"
            "事実ですが、報告がないことは安全の証拠になりません。",
        ),
        _ADMINISTRATOR,
    ),
    **_limitation(
        "unused-ports-unprovable.windows",
        Text("Whether ports are unused could not be told", "ポートが未使用かどうかを判断できない"),
        Text(
            "No connection was seen on these, but connections were not all counted: {ports}.",
            "次のポートで接続は確認されませんでしたが、すべての接続を数えることはできませんでした: {ports}。",
        ),
        Text(
            "Run Javert as an administrator on a Windows that allows event tracing.",
            "イベントトレースを使用できる Windows で、管理者として実行してください。",
        ),
    ),
    **_limitation(
        "run-cut-off.windows",
        Text("The record of the run stops at {last_sign}", "実行の記録が {last_sign} で途切れている"),
        Text(
            "The record has no end: Javert was killed, the host went down, or the run is still going on. It was meant "
            "to last until {planned_end}. What was recorded until {last_sign} was evaluated; the time after it was not "
            "seen, nor what sensors say only at the end.",
            "記録に終わりがありません。Javert が強制終了されたか、ホストが停止したか、実行がまだ続いています。"
            "実行は {planned_end} まで続く予定でした。{last_sign} までに記録された内容は評価されましたが、"
            "それ以降の時間と、センサーが最後にだけ報告する内容は確認されていません。",
        ),
        Text(
            "Run javert assess again to the end. The system's event log may say why it ended.",
            "javert assess をもう一度、最後まで実行してください。終了の理由がシステムのイベントログに記録されている場合があります。",
        ),
    ),
    **_limitation(
        "journal-unwritable.windows",
        Text(
            "The run ended early: its journal could not be written",
            "ジャーナルに書き込めないため実行が早く終了した",
        ),
        Text(
            "Writing to the run directory failed after {watched} of {planned} ({reason}). Collection ended there, and "
            "everything seen until then was evaluated.",
            "予定された{planned}のうち{watched}の時点で実行ディレクトリへの書き込みに失敗しました ({reason})。"
            "収集はそこで終了し、それまでに確認された内容はすべて評価されました。",
        ),
        Text(
            "Make room there, or keep the run elsewhere:\n  javert assess --run-dir DIR",
            "空き容量を確保するか、別の場所に保存してください:\n  javert assess --run-dir DIR",
        ),
    ),
    **_limitation(
        "sensor-unavailable.windows",
        Text("The sensor {sensor} could not start", "センサー {sensor} を開始できない"),
        Text(
            "Nothing could be seen by it: {reason}.",
            "このセンサーでは何も確認できませんでした: {reason}。",
        ),
        Text(
            "Remove the cause named above and assess the host again, as an administrator.",
            "上記の原因を取り除き、管理者としてホストをもう一度評価してください。",
        ),
    ),
}
