"""Texts of what the file scan for ``software-without-dep`` could not see."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {
    "limitation.file-scan-unfinished.title": Text(
        en="The file scan did not finish", ja="ファイルスキャンが完了しませんでした"
    ),
    "limitation.file-scan-unfinished.description": Text(
        en="The run ended before every file was read; software that was not reached was not judged.",
        ja="すべてのファイルを読み取る前に評価が終了しました。読み取られなかったソフトウェアは判定されていません。",
    ),
    "limitation.file-scan-unfinished.recommendation": Text(
        en="Let the run come to its end, choose a longer --duration, or narrow the scan with --scan PATH.",
        ja="評価を最後まで実行するか、--duration を長くするか、--scan PATH でスキャン範囲を絞ってください。",
    ),
    "limitation.file-scan-failed.title": Text(en="The file scan broke off", ja="ファイルスキャンが中断しました"),
    "limitation.file-scan-failed.description": Text(
        en="A fault in Javert ended the scan: {reason}. Software that was not reached was not judged.",
        ja="Javert の不具合によりスキャンが終了しました: {reason}。読み取られなかったソフトウェアは判定されていま"
        "せん。",
    ),
    "limitation.file-scan-failed.recommendation": Text(
        en="Please report it, with this text.", ja="この内容を添えて報告してください。"
    ),
    "limitation.file-scan-missing.title": Text(
        en="A place to be scanned is not there", ja="スキャン対象が見つかりません"
    ),
    "limitation.file-scan-missing.description": Text(
        en="The scan was to read it, and could not: {reason}.", ja="スキャン対象を読み取れませんでした: {reason}。"
    ),
    "limitation.file-scan-missing.recommendation": Text(
        en="Check the path given with --scan.", ja="--scan に指定したパスを確認してください。"
    ),
    "limitation.file-scan-unreadable.title": Text(
        en="Some files and directories could not be read", ja="読み取れないファイルまたはディレクトリがあります"
    ),
    "limitation.file-scan-unreadable.description": Text(
        en="{count} files or directories could not be read, for instance {examples}; software in them was not "
        "judged.",
        ja="{count} 個のファイルまたはディレクトリを読み取れませんでした (例: {examples})。その中のソフトウェアは"
        "判定されていません。",
    ),
    "limitation.file-scan-unreadable.recommendation": Text(
        en="Run Javert as root. Where it was root already, the file system refuses root or has errors: see the "
        "kernel's log.",
        ja="root として Javert を実行してください。すでに root の場合は、ファイルシステムが root を拒否しているか、"
        "エラーが発生しています。カーネルのログを確認してください。",
    ),
    "limitation.file-system-left-out.title": Text(
        en="A network, user-space or unknown file system was not scanned",
        ja="ネットワーク、ユーザー空間または未知のファイルシステムはスキャンされていません",
    ),
    "limitation.file-system-left-out.description": Text(
        en="The file system mounted there ({file_system}) is not one that is known to be local; software in it was "
        "judged only where running processes had it mapped.",
        ja="このマウント先のファイルシステム ({file_system}) はローカルであると確認できません。その中のソフトウェア"
        "は、実行中のプロセスがマップしていたものだけが判定されています。",
    ),
    "limitation.file-system-left-out.recommendation": Text(
        en="Assess the host that keeps the files, or name the path with --scan.",
        ja="ファイルを保持しているホストを評価するか、--scan でパスを指定してください。",
    ),
    "limitation.file-system-hidden.title": Text(
        en="A file system that only containers or services have mounted was not scanned",
        ja="コンテナーやサービスだけがマウントしているファイルシステムはスキャンされていません",
    ),
    "limitation.file-system-hidden.description": Text(
        en="A local file system ({file_system}) is mounted there for process {process} and not for the host. Software "
        "in it was judged only where running processes had it mapped.",
        ja="ローカルのファイルシステム ({file_system}) が、ホストではなくプロセス {process} に対してこの場所にマウントされ"
        "ています。その中のソフトウェアは、実行中のプロセスがマップしていたものだけが判定されています。",
    ),
    "limitation.file-system-hidden.recommendation": Text(
        en="Scan it through the process: `javert assess --scan {place}`.",
        ja="プロセスを通してスキャンしてください: `javert assess --scan {place}`。",
    ),
    "limitation.file-scan-skipped.title": Text(
        en="A part of the host was not scanned, as asked",
        ja="指定により、ホストの一部はスキャンされていません",
    ),
    "limitation.file-scan-skipped.description": Text(
        en="The options of this run leave it out; software in it was judged only where running processes had it "
        "mapped.",
        ja="この実行のオプションで除外されています。その中のソフトウェアは、実行中のプロセスがマップしていたものだ"
        "けが判定されています。",
    ),
    "limitation.file-scan-skipped.recommendation": Text(
        en="Assess again without --skip and --one-file-system.",
        ja="--skip と --one-file-system を付けずにもう一度評価してください。",
    ),
    "limitation.mapped-file-gone.title": Text(
        en="Some files that processes had loaded could not be read",
        ja="読み込み済みの一部のファイルを読み取れませんでした",
    ),
    "limitation.mapped-file-gone.description": Text(
        en="{count} files that processes had mapped were removed, replaced or out of reach before they could be "
        "read, for instance {examples}.",
        ja="プロセスがマップしていた {count} 個のファイルは、読み取る前に削除または置き換えられたか、アクセスでき"
        "ませんでした (例: {examples})。",
    ),
    "limitation.mapped-file-gone.recommendation": Text(
        en="Restart services after their files were upgraded, and assess again.",
        ja="ファイルを更新した後はサービスを再起動し、もう一度評価してください。",
    ),
    "limitation.package-database-unreadable.title": Text(
        en="Whose software it is could not be looked up", ja="ソフトウェアの所有者を確認できませんでした"
    ),
    "limitation.package-database-unreadable.description": Text(
        en="{reason}. Findings do not name the package where it is only known there.",
        ja="{reason}。該当する結果にはパッケージ名が示されません。",
    ),
    "limitation.package-database-unreadable.recommendation": Text(
        en="Run Javert as root, and check the database with the package manager.",
        ja="root として Javert を実行し、パッケージマネージャーでデータベースを確認してください。",
    ),
}
