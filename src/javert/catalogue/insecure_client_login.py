"""Texts of the rule ``insecure-client-login``."""

from javert.catalogue.clients import findings
from javert.catalogue.lookup import Text

_RULE = "insecure-client-login"

TEXTS: dict[str, Text] = {
    f"rule.{_RULE}.name": Text("Insecure client protocols (login)", "安全でないクライアントプロトコル (ログイン)"),
    f"rule.{_RULE}.summary": Text(
        "A process on this host logs in to a remote machine over a protocol without encryption.",
        "このホスト上のプロセスが、暗号化されないプロトコルでリモートのマシンにログインしています。",
    ),
    f"rule.{_RULE}.why": Text(
        "Whoever can read the traffic has the user's name and password, and with them the remote machine; whoever "
        "can change it can type commands into the session.",
        "通信を読み取れる者はユーザー名とパスワードを入手でき、リモートのマシンを操作できます。通信を改ざんできる者は、"
        "セッションにコマンドを入力できます。",
    ),
    f"rule.{_RULE}.how": Text(
        "The first bytes of connections to remote hosts are read in memory and told apart by what they say, never by "
        "the port: telnet, rlogin, rsh, rexec, VNC without encryption, and FTP where a real account logs in. A "
        "session that upgrades to TLS is no finding. Only a session that was open before the run is told by its "
        "port, and marked so.",
        "リモートホストへの接続の最初のデータをメモリ上で読み取り、ポート番号ではなく内容から判定します。対象は telnet、"
        "rlogin、rsh、rexec、暗号化されない VNC、および実在のアカウントによる FTP ログインです。TLS に移行したセッションは"
        "結果に含まれません。評価の開始前から開いていたセッションだけは、その旨を示してポート番号から判断します。",
    ),
    f"rule.{_RULE}.fix": Text(
        "Log in with ssh, copy files with sftp, and change the passwords that were used.",
        "ログインには ssh、ファイル転送には sftp を使用し、使用されたパスワードを変更してください。",
    ),
    **findings(
        _RULE,
        frozenset({"telnet", "rlogin", "rsh", "rexec", "vnc", "ftp"}),
        (
            Text(
                "{process} logs in to {remotes} over {protocol}, without encryption",
                "{process} が {remotes} に暗号化されない {protocol} でログインしています",
            ),
            Text(
                "{exe}, run by user {user} (pid {pid}), opened {protocol} sessions to {remotes}.",
                "ユーザー {user} が実行する {exe} (pid {pid}) が、{remotes} に {protocol} のセッションを開きました。",
            ),
        ),
        (
            Text(
                "{client} logs in to {remotes} over {protocol}, without encryption",
                "{client} が {remotes} に暗号化されない {protocol} でログインしています",
            ),
            Text(
                "The machine {client} opened {protocol} sessions to {remotes}; which process did is not in a capture.",
                "マシン {client} が {remotes} に {protocol} のセッションを開きました。どのプロセスによるかはキャプチャーからは分かりません。",
            ),
        ),
    ),
}
