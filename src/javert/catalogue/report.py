"""Headings and phrases of reports, and the words for enumerated values."""

from javert.catalogue.lookup import Text

_PHRASES = {
    "scope.host": Text("the host", "ホスト全体"),
    "scope.capture": Text("the capture", "キャプチャー全体"),
    "window": Text("{start} to {end} UTC ({duration})", "{start} から {end} まで (UTC、{duration})"),
    "summary.findings": Text("Findings: {count} ({counts}).", "結果: {count} 件 ({counts})。"),
    "summary.count": Text("{count} {severity}", "{severity} {count} 件"),
    "summary.between": Text(", ", "、"),
    "summary.clean": Text(
        "No potential security issues found.", "潜在的なセキュリティの問題は見つかりませんでした。"
    ),
    "summary.nothing_seen": Text(
        "No findings, but that does not mean that the host is clean.",
        "結果はありませんが、ホストが安全であることを意味しません。",
    ),
    "summary.nothing_seen.capture": Text(
        "No findings, but that does not mean that the traffic is clean.",
        "結果はありませんが、通信が安全であることを意味しません。",
    ),
    "summary.unjudged": Text(
        "Rules that could not be judged (see the exclusions): {count} of {rules}.",
        "判定できなかったルール (除外項目を参照): {rules} 件中 {count} 件。",
    ),
    "summary.exclusions": Text(
        "Exclusions (not looked at, see below): {count}.",
        "除外項目 (確認できなかったもの、下を参照): {count} 件。",
    ),
    "severity_heading": Text(
        "Severity: {severity} ({number}), {count}", "重大度: {severity} ({number})、{count} 件"
    ),
    "exclusions_heading": Text("Exclusions: not looked at, {count}", "除外項目: 確認できなかったもの、{count} 件"),
    "coverage_heading": Text("Coverage by rule", "ルールごとの評価範囲"),
    "flows_heading": Text("Flows of the capture, {count}", "キャプチャーのフロー、{count} 件"),
    "flow": Text(
        "{transport}  {client} -> {server}  {protocol} ({encryption})",
        "{transport}  {client} -> {server}  {protocol} ({encryption})",
    ),
    "flow.exposed": Text(", credentials readable", "、認証情報が読み取り可能"),
    "flow.kind": Text(
        "{count} x {transport} {protocol} ({encryption}), to {servers}",
        "{count} 件: {transport} {protocol} ({encryption})、宛先 {servers}",
    ),
    "flows_grouped": Text(
        "Put together by kind; every single flow stands in the JSON report (--format json).",
        "種類ごとにまとめています。個々のフローは JSON のレポート (--format json) にあります。",
    ),
    "given_by": Text("given to whoever runs {programs}", "{programs} を実行する者に与えられる"),
    "what_to_do": Text("What to do", "解決方法"),
    "reference": Text("{rule} · seen {first} to {last} UTC", "{rule} · 検出 {first} から {last} まで (UTC)"),
    "sensor": Text(
        "Sensor {name}: records {records}, lost {lost}", "センサー {name}: 記録 {records} 件、欠落 {lost} 件"
    ),
    "outcome.findings": Text("findings: {count}", "結果 {count} 件"),
    "group.first": Text("The first of them: {description}", "最初の 1 件: {description}"),
    "group.likewise": Text("Likewise for the others listed below.", "以下に挙げる他のものについても同様です。"),
    "group.dep": Text(
        "{count} files of the package {package} do not support data execution prevention",
        "パッケージ {package} の {count} 個のファイルがデータ実行防止をサポートしていない",
    ),
    "group.dep.unpackaged": Text(
        "{count} files in {directory} do not support data execution prevention",
        "{directory} にある {count} 個のファイルがデータ実行防止をサポートしていない",
    ),
    "group.root": Text(
        "{count} modules of root processes can be replaced by way of {path}",
        "root プロセスの {count} 個のモジュールを {path} 経由で置き換えられる",
    ),
    "group.ports": Text(
        "{count} unused listening TCP ports of {process}",
        "{process} の未使用のリッスンする TCP ポート {count} 個",
    ),
    "group.clients": Text(
        "{count} machines use {protocol} without encryption",
        "{count} 台のマシンが暗号化されない {protocol} を使用している",
    ),
    "group.servers": Text(
        "{count} services speak {protocol} without encryption",
        "{count} 個のサービスが暗号化されない {protocol} を提供している",
    ),
    "more_machines": Text(
        "and {count} more, all of them in the JSON report (--format json)",
        "ほか {count} 件 (すべて JSON のレポート (--format json) にあります)",
    ),
    "runs_as": Text("running now: {pids}", "実行中: {pids}"),
    "remote": Text(
        "{endpoint}: connections {connections}, sent {sent}, received {received}",
        "{endpoint}: 接続 {connections} 回、送信 {sent}、受信 {received}",
    ),
    "more_remotes": Text("and {count} more", "ほか {count} 件"),
    "more_processes": Text("and {count} more", "ほか {count} 件"),
    "listening": Text("for {listening} of {window} watched", "監視時間 {window} のうち {listening}"),
    "silent": Text(
        "in {runs} runs since {since}, watched for {watched} in all",
        "{since} 以降の {runs} 回の評価 (監視時間の合計 {watched})",
    ),
    "user": Text("user {user}", "ユーザー {user}"),
    "process_unit": Text("unit {name}", "ユニット {name}"),
    "process_container": Text("container {name}", "コンテナ {name}"),
    "difference": Text(
        "{new} new, {fixed} fixed, {unjudged} not judged again, {unchanged} unchanged",
        "新規 {new} 件、解決済み {fixed} 件、再判定できず {unjudged} 件、変化なし {unchanged} 件",
    ),
    "rule_section.why": Text("Why it matters", "なぜ問題か"),
    "rule_section.how": Text("How it is judged", "判定方法"),
    "rule_section.evidence": Text("What a finding shows", "結果に含まれる情報"),
    "rule_section.limits": Text("What it cannot see", "確認できないもの"),
    "rule_section.fix": Text("How to fix it", "解決方法"),
    "process_parent": Text("started by {name}", "親プロセス {name}"),
}

_FACTS = {
    "host": Text("Host", "ホスト"),
    "run": Text("Run", "実行"),
    "window": Text("Watched", "監視時間"),
    "captured": Text("Captured", "取得期間"),
    "client": Text("Client", "クライアント"),
    "protocol": Text("Protocol", "プロトコル"),
    "credentials": Text("Credentials", "認証情報"),
    "authentication": Text("Logging in", "ログイン"),
    "software": Text("Software", "ソフトウェア"),
    "process": Text("Process", "プロセス"),
    "remotes": Text("Remote", "リモート"),
    "evidence": Text("Evidence", "根拠"),
    "port": Text("Port", "ポート"),
    "reachable": Text("Reachable", "到達範囲"),
    "unit": Text("Unit", "ユニット"),
    "starts": Text("Starts", "起動対象"),
    "listening": Text("Listened", "リッスン時間"),
    "silent": Text("Silent", "無通信"),
    "file": Text("File", "ファイル"),
    "kind": Text("Kind", "種類"),
    "reason": Text("Reason", "理由"),
    "package": Text("Package", "パッケージ"),
    "running": Text("Running as", "実行中の PID"),
    "loader": Text("Loader", "ローダー"),
    "ways": Text("Changeable", "変更可能"),
    "fix": Text("Command", "コマンド"),
    "container": Text("Container", "コンテナ"),
    "image": Text("Image", "イメージ"),
    "all": Text("All of them", "対象一覧"),
    "scope": Text("Affected", "影響範囲"),
    "rules": Text("Rules", "ルール"),
}

_VALUES = {
    "yes": Text("yes", "はい"),
    "no": Text("no", "いいえ"),
    "unknown": Text("not known", "不明"),
    "severity-High": Text("High", "高"),
    "severity-Medium": Text("Medium", "中"),
    "severity-Low": Text("Low", "低"),
    "severity-Informational": Text("Informational", "情報"),
    "outcome-FINDING": Text("findings", "結果あり"),
    "outcome-CLEAR": Text("no issue found", "問題なし"),
    "outcome-NOT_APPLICABLE": Text("does not apply here", "対象外"),
    "outcome-NOT_AVAILABLE": Text("could not be judged", "判定できず"),
    "outcome-ERROR": Text("failed", "エラー"),
    "state-COMPLETED": Text("completed", "完了"),
    "state-COMPLETED_WITH_ERRORS": Text("completed with errors", "エラーありで完了"),
    "encryption-none": Text("not encrypted", "暗号化なし"),
    "encryption-offered-not-used": Text("encryption was offered and not used", "暗号化が提示されたが未使用"),
    "encryption-refused": Text("encryption was asked for and refused", "暗号化が要求されたが拒否"),
    "encryption-upgraded": Text("upgraded to TLS", "TLS に移行"),
    "encryption-full": Text("encrypted", "暗号化あり"),
    "encryption-unknown": Text("encryption not known", "暗号化は不明"),
    "credentials-exposed": Text("sent where anybody on the way can read them", "経路上で読み取れる形で送信された"),
    "evidence-payload": Text("the protocol was read in the traffic", "通信内容からプロトコルを識別"),
    "evidence-port": Text(
        "the port number only, the session was open before the run", "ポート番号のみ (実行前からのセッション)"
    ),
    "evidence-observed": Text("observed traffic", "観測されたトラフィック"),
    "evidence-probed": Text("asked by Javert", "Javert による確認"),
    "exposure-loopback": Text("from this host only", "このホストからのみ"),
    "exposure-host": Text("from other hosts", "他のホストから到達可能"),
    "exposure-container": Text("inside a container's network", "コンテナのネットワーク内"),
    "used-only-from-loopback": Text("used from this host only during the run", "実行中はこのホストからのみ使用"),
    "same-host": Text("on this host", "このホスト上"),
    "process-unknown": Text("not known", "不明"),
    "authentication-none": Text("not needed by anybody", "不要 (誰でも利用可能)"),
    "verdict-cleartext-only": Text("cleartext only", "平文のみ"),
    "verdict-tls-optional": Text("TLS is offered, cleartext is accepted", "TLS は任意で平文も受け付ける"),
    "verdict-redirect-only": Text("only redirects to https", "https へのリダイレクトのみ"),
    "verdict-snmp-v1": Text("SNMP v1", "SNMP v1"),
    "verdict-snmp-v2c": Text("SNMP v2c", "SNMP v2c"),
    "stack-executable": Text("asks for an executable stack", "実行可能なスタックを要求"),
    "stack-header-missing": Text("has no stack header (PT_GNU_STACK)", "スタックヘッダー (PT_GNU_STACK) がない"),
    "writable-executable-segment": Text(
        "has a segment both writable and executable", "書き込みと実行の両方が可能なセグメント"
    ),
    "read-implies-exec": Text("all of its memory is executable", "すべてのメモリが実行可能"),
    "no-execute-off": Text("memory cannot be protected at all", "メモリを保護できない"),
    "host": Text("host", "ホスト"),
    "not-loadable-by-glibc": Text("glibc 2.41 and later refuse to load it", "glibc 2.41 以降では読み込めない"),
    "executable": Text("executable", "実行ファイル"),
    "shared-object": Text("shared object", "共有オブジェクト"),
    "interpreter": Text("interpreter", "インタープリター"),
    "script": Text("script", "スクリプト"),
    "os-package": Text("part of the operating system", "OS のパッケージ"),
    "third-party-package": Text("third-party package", "サードパーティのパッケージ"),
    "unpackaged": Text("not from a package", "パッケージに属さない"),
    "deleted": Text("deleted or replaced since", "削除または置換済み"),
    "way-owner": Text("owned by another user", "他のユーザーが所有"),
    "way-mode-other": Text("writable by everybody", "全ユーザーが書き込み可能"),
    "way-mode-group": Text("writable by its group", "グループが書き込み可能"),
    "way-acl": Text("writable by its access control list", "ACL により書き込み可能"),
    "way-directory": Text("what is in the directory can be replaced", "ディレクトリの内容を置き換え可能"),
    "way-symlink": Text("the symbolic link can be replaced", "シンボリックリンクを置き換え可能"),
    "principal-user": Text("user", "ユーザー"),
    "principal-group": Text("group", "グループ"),
    "principal-others": Text("everybody", "全ユーザー"),
}

_COVERAGE = {
    "clients": Text("clients", "クライアント"),
    "clients_of_remote_services": Text("clients of remote services", "リモートサービスのクライアント"),
    "without_readable_payload": Text("without readable payload", "内容を読み取れなかったもの"),
    "listeners": Text("listeners", "リッスンするポート"),
    "used": Text("used", "使用あり"),
    "unused": Text("unused", "未使用"),
    "used_only_from_loopback": Text("used from this host alone", "このホストからのみ使用"),
    "not_judged": Text("not judged", "判定対象外"),
    "services_with_traffic": Text("services with traffic", "通信のあったサービス"),
    "with_readable_payload": Text("with readable payload", "内容を読み取れたもの"),
    "services_asked": Text("asked by Javert", "Javert が問い合わせたもの"),
    "services_answered": Text("recognised by their answers", "応答から識別できたもの"),
    "tls_required": Text("TLS required", "TLS 必須"),
    "encrypted_from_the_start": Text("encrypted from the start", "最初から暗号化"),
    "snmpv3_only": Text("SNMPv3 only", "SNMPv3 のみ"),
    "snmpv3_without_privacy": Text("SNMPv3 without encryption", "暗号化なしの SNMPv3"),
    "listeners_not_judged": Text("listeners not judged", "判定対象外のリッスンするポート"),
    "files": Text("files", "ファイル"),
    "candidates": Text("files opened", "開いたファイル"),
    "elf": Text("programs and libraries", "プログラムとライブラリ"),
    "judged": Text("judged", "判定済み"),
    "mapped": Text("mapped by processes", "プロセスが使用中"),
    "damaged": Text("damaged", "破損"),
    "header_missing_without_effect": Text("header missing without effect", "ヘッダーなし (影響なし)"),
    "finished": Text("scan finished", "スキャン完了"),
    "root_processes": Text("root processes", "root プロセス"),
    "modules": Text("modules", "モジュール"),
    "modules_judged": Text("modules judged", "判定済みモジュール"),
    "modules_safe_only_by_read_only_mount_or_attribute": Text(
        "safe only by a read-only mount or attribute", "読み取り専用マウントまたは属性だけで保護されたもの"
    ),
}

TEXTS: dict[str, Text] = (
    {f"report.{name}": entry for name, entry in _PHRASES.items()}
    | {f"report.fact.{name}": entry for name, entry in _FACTS.items()}
    | {f"report.value.{name}": entry for name, entry in _VALUES.items()}
    | {f"report.value.coverage-{name}": entry for name, entry in _COVERAGE.items()}
)
