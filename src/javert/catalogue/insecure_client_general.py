"""Texts of the rule ``insecure-client-general``."""

from javert.catalogue.clients import findings
from javert.catalogue.lookup import Text
from javert.catalogue.protocols import PROTOCOLS

_RULE = "insecure-client-general"

TEXTS: dict[str, Text] = {
    f"rule.{_RULE}.name": Text("Insecure client protocols (general)", "安全でないクライアントプロトコル (全般)"),
    f"rule.{_RULE}.summary": Text(
        "A process on this host talks to a remote host over a protocol without encryption.",
        "このホスト上のプロセスが、暗号化されないプロトコルでリモートホストと通信しています。",
    ),
    f"rule.{_RULE}.why": Text(
        "Mail, files, queries and often passwords can be read, and answers forged, by anybody on the way.",
        "経路上の誰でも、メール、ファイル、クエリ、多くの場合はパスワードまで読み取り、応答を偽造できます。",
    ),
    f"rule.{_RULE}.how": Text(
        "The first bytes of connections to remote hosts are read in memory and told apart by what they say, never by "
        "the port: HTTP, FTP, IMAP, POP3, SMTP, SNMP v1 and v2c and other cleartext protocols. A session that "
        "upgrades (STARTTLS and the like) is no finding; one in which encryption was offered and not used is, and "
        "says so.",
        "リモートホストへの接続の最初のデータをメモリ上で読み取り、ポート番号ではなく内容から判定します。対象は HTTP、FTP、"
        "IMAP、POP3、SMTP、SNMP v1/v2c などの平文プロトコルです。STARTTLS などで暗号化に移行したセッションは結果に含まれず、"
        "暗号化が提示されたのに使用されなかったセッションはその旨とともに報告されます。",
    ),
    f"rule.{_RULE}.fix": Text(
        "Switch the client to the protocol's encrypted form and let it refuse anything else.",
        "クライアントを暗号化された方式に切り替え、それ以外を拒否するように設定してください。",
    ),
    **findings(
        _RULE,
        frozenset(PROTOCOLS),
        (
            Text(
                "{process} talks to {remotes} over {protocol}, without encryption",
                "{process} が {remotes} と暗号化されない {protocol} で通信しています",
            ),
            Text(
                "{exe}, run by user {user} (pid {pid}), talked to {remotes} over {protocol}.",
                "ユーザー {user} が実行する {exe} (pid {pid}) が、{remotes} と {protocol} で通信しました。",
            ),
        ),
        (
            Text(
                "{client} talks to {remotes} over {protocol}, without encryption",
                "{client} が {remotes} と暗号化されない {protocol} で通信しています",
            ),
            Text(
                "The machine {client} talked to {remotes} over {protocol}; which process did is not in a capture.",
                "マシン {client} が {remotes} と {protocol} で通信しました。どのプロセスによるかはキャプチャーからは分かりません。",
            ),
        ),
    ),
}
