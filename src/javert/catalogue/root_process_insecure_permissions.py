"""Texts of the rule ``root-process-insecure-permissions`` and of what it could not judge."""

from javert.catalogue.lookup import Text

_ID = "root-process-insecure-permissions"

_TITLE = Text(
    en="Root process {process} loaded {module}, which {principals} can change",
    ja="root プロセス {process} が読み込んだ {module} は {principals} が変更できます",
)
_WHO = Text(
    en="Whoever changes this file decides what root runs. Root processes that run code from it: {processes}. It "
    "can be changed here: {ways}. Writing to a directory is enough to replace what is in it; others means every "
    "user of the host.",
    ja="このファイルを変更できる者は、root が実行する内容を決められます。このファイルのコードを実行している "
    "root プロセス: {processes}。変更できる場所: {ways}。ディレクトリに書き込めるだけで、その中のファイルを置き"
    "換えられます。others はホストのすべてのユーザーを意味します。",
)
_FIX = Text(
    en="First check that nobody has changed the file (debsums, rpm -V, or compare it with its source). Then "
    "close every way, as root: {fixes}. Where a user must go on writing there, move what root loads to a "
    "directory that only root can change, such as /usr/local/lib, or run the process as that user. Restart the "
    "processes.",
    ja="まず、ファイルが改ざんされていないことを確認してください (debsums、rpm -V、または配布元との比較)。次"
    "に、root としてすべての経路を塞いでください: {fixes}。そのユーザーが書き込みを続ける必要がある場合は、root "
    "が読み込むファイルを /usr/local/lib など root だけが変更できるディレクトリに移すか、プロセスをそのユーザー"
    "で実行してください。最後にプロセスを再起動してください。",
)
_FIX_CONTAINER = Text(
    en="Rebuild the container's image so that only root owns and can write these places; inside the container "
    "the commands are: {fixes}. Better still, run the process as a user other than root, or give the container "
    "a user namespace. Then replace the container.",
    ja="これらの場所を root だけが所有し書き込めるように、コンテナイメージを作り直してください。コンテナ内でのコ"
    "マンド: {fixes}。より望ましいのは、プロセスを root 以外のユーザーで実行するか、コンテナにユーザー名前空間を"
    "使用することです。その後、コンテナを入れ替えてください。",
)
_WHO_DELETED = Text(
    en="These processes run as root: {processes}. The file they mapped as code is no longer at its path: it was "
    "removed or replaced while they ran, and they still run the old one. What is at the path now, and whose the "
    "old file was, says who can change what root runs: {ways}.",
    ja="次のプロセスは root として動作しています: {processes}。コードとしてマップされたファイルはすでにそのパス"
    "に存在しません。実行中に削除または置換され、プロセスは古いファイルを実行し続けています。現在のパスの状態と"
    "古いファイルの所有者から、root が実行する内容を変更できる者がわかります: {ways}。",
)
_FIX_DELETED = Text(
    en="Find out who replaced the file and why (a package update is the harmless reason). Close every way that "
    "is still open, as root: {fixes}. Then restart the processes, so that they load what is there now.",
    ja="誰がなぜファイルを置き換えたかを確認してください (無害な理由はパッケージの更新です)。まだ開いている経路"
    "を root としてすべて塞いでください: {fixes}。その後プロセスを再起動し、現在のファイルを読み込ませてくださ"
    "い。",
)
_TITLE_SEARCHED = Text(
    en="Root process {process} has the dynamic loader look at {module}, which {principals} can change",
    ja="root プロセス {process} の動的ローダーが参照する {module} は {principals} が変更できます",
)
_WHO_SEARCHED = Text(
    en="On behalf of {searched_by}, which these root processes have loaded, the dynamic loader looks here "
    "before it comes to the system's own directories: {processes}. Whoever puts a file there decides what root "
    "runs, even if there is none now. It can be changed here: {ways}.",
    ja="次の root プロセスが読み込んだ {searched_by} のために、動的ローダーはシステムのディレクトリより先にこの"
    "場所を参照します: {processes}。現在ファイルが存在しなくても、ここにファイルを置ける者は、root が実行する内"
    "容を決められます。変更できる場所: {ways}。",
)
_FIX_SEARCHED = Text(
    en="If the RPATH or RUNPATH of {searched_by} names the place, take it out (patchelf --remove-rpath, chrpath "
    "-d, or link again without -rpath); if LD_PRELOAD, LD_AUDIT or LD_LIBRARY_PATH of the process does, take it out of "
    "the unit or script that starts it. Otherwise close every way, as root: {fixes}. Then restart the processes.",
    ja="{searched_by} の RPATH または RUNPATH にこの場所が含まれている場合は取り除いてください (patchelf "
    "--remove-rpath、chrpath -d、または -rpath なしで再リンク)。プロセスの LD_PRELOAD、LD_AUDIT、LD_LIBRARY_PATH に"
    "含まれている場合は、起動するユニットやスクリプトから取り除いてください。それ以外の場合は、root としてすべて"
    "の経路を塞いでください: {fixes}。その後、プロセスを再起動してください。",
)
_TITLE_IMPORTED = Text(
    en="Root process {process} looks for Python modules at {module}, which {principals} can change",
    ja="root プロセス {process} が Python モジュールを探す {module} は {principals} が変更できます",
)
_WHO_IMPORTED = Text(
    en="Python looks for every module that {searched_by} imports in the script's own directory first, before the "
    "standard library. These processes run it as root: {processes}. Whoever puts a file there that is named like "
    "such a module decides what root runs. It can be changed here: {ways}.",
    ja="Python は、{searched_by} がインポートするすべてのモジュールを、標準ライブラリより先にスクリプト自身のディ"
    "レクトリから探します。このスクリプトを root として実行しているプロセス: {processes}。そのようなモジュールと同"
    "じ名前のファイルをそこに置ける者は、root が実行する内容を決められます。変更できる場所: {ways}。",
)
_FIX_IMPORTED = Text(
    en="Move {searched_by} to a directory that only root can write, or start Python with -I, which leaves the "
    "script's directory out. Or close every way, as root: {fixes}. Then restart the processes.",
    ja="{searched_by} を root だけが書き込めるディレクトリに移すか、スクリプトのディレクトリを除外する -I を付けて "
    "Python を起動してください。または、root としてすべての経路を塞いでください: {fixes}。その後、プロセスを再起動してください。",
)

_FIX_IMPORTED_BY_MOVING = Text(
    en="Move {searched_by} to a directory that only root can write, or start Python with -I, which leaves the "
    "script's directory out. Then restart the processes.",
    ja="{searched_by} を root だけが書き込めるディレクトリに移すか、スクリプトのディレクトリを除外する -I を付けて "
    "Python を起動してください。その後、プロセスを再起動してください。",
)
_FIX_SEARCHED_ELSEWHERE = Text(
    en="If the RPATH or RUNPATH of {searched_by} names the place, take it out (patchelf --remove-rpath, chrpath "
    "-d, or link again without -rpath); if LD_PRELOAD, LD_AUDIT or LD_LIBRARY_PATH of the process does, take it out of "
    "the unit or script that starts it. No mode makes a directory safe in which everybody may make files of his own. "
    "Then restart the processes.",
    ja="{searched_by} の RPATH または RUNPATH にこの場所が含まれている場合は取り除いてください (patchelf "
    "--remove-rpath、chrpath -d、または -rpath なしで再リンク)。プロセスの LD_PRELOAD、LD_AUDIT、LD_LIBRARY_PATH に"
    "含まれている場合は、起動するユニットやスクリプトから取り除いてください。誰でもファイルを作成できるディレクト"
    "リは、モードの変更では安全になりません。その後、プロセスを再起動してください。",
)
_FIX_DELETED_CLOSED = Text(
    en="Find out who replaced the file and why (a package update is the harmless reason). Only root can change "
    "what is at the path now, if there is anything. Restart the processes, so that they load it.",
    ja="誰がなぜファイルを置き換えたかを確認してください (無害な理由はパッケージの更新です)。現在そのパスにファイ"
    "ルがあれば、変更できるのは root だけです。プロセスを再起動し、それを読み込ませてください。",
)

TEXTS: dict[str, Text] = {
    f"rule.{_ID}.name": Text(
        en="Root process with insecure permissions",
        ja="安全でないアクセス許可を持つ root プロセス",
    ),
    f"rule.{_ID}.summary": Text(
        en="A root process has loaded a module that someone other than root can modify.",
        ja="root プロセスが、root 以外のユーザーが変更できるモジュールを読み込んでいます。",
    ),
    f"rule.{_ID}.why": Text(
        en="A program, shared object or script that runs as root does whatever its file says. A user who can "
        "write that file, or put another in its place, becomes root the next time it is loaded: by a restart, a "
        "timer, or at once.",
        ja="root として実行されるプログラム、共有オブジェクト、スクリプトは、そのファイルの内容どおりに動作しま"
        "す。そのファイルに書き込める、または別のファイルに置き換えられるユーザーは、再起動やタイマーなどで次に"
        "読み込まれたときに root になれます。",
    ),
    f"rule.{_ID}.how": Text(
        en="Javert records every file that a root process maps as code during the run, also of processes that "
        "live only a moment. For each it looks at the file and at every directory and symbolic link on the way "
        "to it, in the process's own mount namespace: owner, mode, access control list, sticky bit, mounts and "
        "attributes. It then decides as the kernel would whether any user or group other than root can write or "
        "replace it.",
        ja="Javert は、実行中に root プロセスがコードとしてマップしたすべてのファイルを記録します (一瞬だけ存在"
        "するプロセスも含みます)。各ファイルと、そこに至るすべてのディレクトリとシンボリックリンクについて、プロ"
        "セス自身のマウント名前空間で、所有者、モード、アクセス制御リスト、スティッキービット、マウント、属性を"
        "調べます。そして、root 以外のユーザーやグループが書き込みまたは置き換えできるかどうかを、カーネルと同じ"
        "方法で判定します。",
    ),
    f"rule.{_ID}.fix": Text(
        en="Let only root own and write the file and every directory on the way to it (chown root, chmod go-w, "
        "setfacl), or run the process as another user.",
        ja="ファイルとそこに至るすべてのディレクトリを、root だけが所有し書き込めるようにするか (chown "
        "root、chmod go-w、setfacl)、プロセスを別のユーザーで実行してください。",
    ),
    f"finding.{_ID}.title": _TITLE,
    f"finding.{_ID}.description": _WHO,
    f"finding.{_ID}.recommendation": _FIX,
    f"finding.{_ID}.container.title": _TITLE,
    f"finding.{_ID}.container.description": _WHO,
    f"finding.{_ID}.container.recommendation": _FIX_CONTAINER,
    f"finding.{_ID}.deleted.title": Text(
        en="Root process {process} still runs {module}, which was replaced and which {principals} could change",
        ja="root プロセス {process} は、置き換え済みで {principals} が変更できた {module} を実行し続けています",
    ),
    f"finding.{_ID}.deleted.description": _WHO_DELETED,
    f"finding.{_ID}.deleted.recommendation": _FIX_DELETED,
    f"finding.{_ID}.searched.title": _TITLE_SEARCHED,
    f"finding.{_ID}.searched.description": _WHO_SEARCHED,
    f"finding.{_ID}.searched.recommendation": _FIX_SEARCHED,
    f"finding.{_ID}.imported.title": _TITLE_IMPORTED,
    f"finding.{_ID}.imported.description": _WHO_IMPORTED,
    f"finding.{_ID}.imported.recommendation": _FIX_IMPORTED,
    f"advice.{_ID}.imported": _FIX_IMPORTED_BY_MOVING,
    f"advice.{_ID}.searched": _FIX_SEARCHED_ELSEWHERE,
    f"advice.{_ID}.deleted": _FIX_DELETED_CLOSED,
    # ------------------------------------------------------------ what the rule could not judge
    "limitation.root-modules-foreign-file-system.title": Text(
        en="{count} modules of root processes lie on {file_system} at {path}",
        ja="root プロセスのモジュール {count} 個が {path} の {file_system} 上にある",
    ),
    "limitation.root-modules-foreign-file-system.description": Text(
        en="On a network or user-space file system a server or a program decides who may write, not owner and "
        "mode as seen here. Who could change these files cannot be judged: {examples}.",
        ja="ネットワークまたはユーザー空間のファイルシステムでは、書き込みの可否はここから見える所有者やモードで"
        "はなく、サーバーやプログラムが決めます。次のファイルを変更できる者は判定できません: {examples}。",
    ),
    "limitation.root-modules-foreign-file-system.recommendation": Text(
        en="Keep what root loads on a local file system, or review the export, its root_squash and who can "
        "write there on the server.",
        ja="root が読み込むファイルはローカルファイルシステムに置くか、サーバー側のエクスポート設"
        "定、root_squash、書き込み権限を確認してください。",
    ),
    "limitation.root-modules-not-examined.title": Text(
        en="The way to {count} modules of root processes was not looked at",
        ja="root プロセスのモジュール {count} 個への経路を確認できなかった",
    ),
    "limitation.root-modules-not-examined.description": Text(
        en="They were seen loaded, but the process or its mount namespace was gone, or could not be entered, "
        "before owners and modes could be read: {examples}.",
        ja="読み込みは確認されましたが、所有者やモードを読み取る前にプロセスまたはそのマウント名前空間が消えた"
        "か、参照できませんでした: {examples}。",
    ),
    "limitation.root-modules-not-examined.recommendation": Text(
        en="Run Javert as root in the host's own namespaces, longer if the processes are short-lived.",
        ja="Javert をホスト自身の名前空間で root として実行し、プロセスが短命な場合は実行時間を長くしてください。",
    ),
    # ------------------------------------------------------------ what the sensor could not look at
    "limitation.root-modules-root-unreadable.title": Text(
        en="The files of {root} could not be looked at",
        ja="{root} のファイルを確認できなかった",
    ),
    "limitation.root-modules-root-unreadable.description": Text(
        en="The root directory of that process could not be opened: {reason}. Who can change what it loaded is "
        "not known.",
        ja="そのプロセスのルートディレクトリを開けませんでした: {reason}。読み込まれたファイルを変更できる者は不"
        "明です。",
    ),
    "limitation.root-modules-root-unreadable.recommendation": Text(
        en="Run Javert as root, with CAP_SYS_PTRACE and outside containers.",
        ja="Javert を CAP_SYS_PTRACE を持つ root として、コンテナの外で実行してください。",
    ),
    "limitation.root-modules-way-unreadable.title": Text(
        en="The way to {path} could not be followed",
        ja="{path} への経路をたどれなかった",
    ),
    "limitation.root-modules-way-unreadable.description": Text(
        en="A directory or link on the way could not be read: {reason}. Who can change the file is not known.",
        ja="経路上のディレクトリまたはリンクを読み取れませんでした: {reason}。ファイルを変更できる者は不明です。",
    ),
    "limitation.root-modules-way-unreadable.recommendation": Text(
        en="Look at the way with namei -l {word}",
        ja="namei -l {word} で経路を確認してください。",
    ),
    "limitation.root-modules-mount-unknown.title": Text(
        en="The mount that holds {path} is not known",
        ja="{path} を含むマウントが不明",
    ),
    "limitation.root-modules-mount-unknown.description": Text(
        en="It is hidden from the process, or was unmounted while still in use. The file was judged by owner, "
        "mode and access control list as if it were on a writable local file system.",
        ja="マウントがプロセスから見えないか、使用中にアンマウントされています。書き込み可能なローカルファイルシ"
        "ステムにあるものとして、所有者、モード、アクセス制御リストだけで判定しました。",
    ),
    "limitation.root-modules-mount-unknown.recommendation": Text(
        en="Restart the process that uses it, so that it sees the present mounts.",
        ja="それを使用しているプロセスを再起動し、現在のマウントが見えるようにしてください。",
    ),
    "limitation.root-modules-search-unread.title": Text(
        en="What {path} has the dynamic loader look for could not be read",
        ja="{path} が動的ローダーに探させるファイルを読み取れなかった",
    ),
    "limitation.root-modules-search-unread.description": Text(
        en="The reason: {reason}. Whether its RPATH or RUNPATH leads to a place that others can change is not "
        "known.",
        ja="理由: {reason}。RPATH または RUNPATH が他のユーザーの変更できる場所を指しているかどうかは不明です。",
    ),
    "limitation.root-modules-search-unread.recommendation": Text(
        en="Look at it with readelf -d {word}",
        ja="readelf -d {word} で確認してください。",
    ),
    "limitation.root-modules-relative-search.title": Text(
        en="{path} has the dynamic loader look in directories that are relative",
        ja="{path} は動的ローダーに相対ディレクトリを探させる",
    ),
    "limitation.root-modules-relative-search.description": Text(
        en="Its RPATH or RUNPATH holds {directories}. Which directory that is depends on where the process is when "
        "it loads a library: whoever can have it started in a directory of their own decides what root runs. It "
        "cannot be judged by the files on this host.",
        ja="RPATH または RUNPATH に {directories} が含まれています。どのディレクトリを指すかは、ライブラリを読み込"
        "むときのプロセスの作業ディレクトリで決まります。自分のディレクトリで起動させることができる者は、root が"
        "実行する内容を決められます。このホストのファイルからは判定できません。",
    ),
    "limitation.root-modules-relative-search.recommendation": Text(
        en="Take the relative entries out: patchelf --print-rpath {word}, then patchelf --set-rpath with absolute "
        "directories or $ORIGIN.",
        ja="相対的な項目を取り除いてください: patchelf --print-rpath {word} で確認し、patchelf --set-rpath で絶対"
        "ディレクトリまたは $ORIGIN を指定してください。",
    ),
    "limitation.root-modules-capable-programs.title": Text(
        en="{count} programs have capabilities that overrule permissions",
        ja="アクセス許可を上回るケーパビリティを持つプログラムが {count} 個ある",
    ),
    "limitation.root-modules-capable-programs.description": Text(
        en="With these a program can write files that owner, mode and access control list deny to whoever runs it: "
        "{programs}. What such a program lets its user do was not looked at.",
        ja="これらのプログラムは、実行する者に所有者、モード、アクセス制御リストが許可しないファイルにも書き込めま"
        "す: {programs}。プログラムが利用者に何を許すかは確認していません。",
    ),
    "limitation.root-modules-capable-programs.recommendation": Text(
        en="See whether each of them needs them (getcap -r / 2>/dev/null); setcap -r FILE takes them away.",
        ja="それぞれに必要かどうかを確認してください (getcap -r / 2>/dev/null)。setcap -r FILE で取り除けます。",
    ),
    "limitation.root-modules-programs-unread.title": Text(
        en="Not all programs were looked at for set-group-ID and capabilities",
        ja="set-group-ID とケーパビリティについて、すべてのプログラムは確認されていない",
    ),
    "limitation.root-modules-programs-unread.description": Text(
        en="There are more than {count} files below /usr and /opt. A group that only a program beyond them gives to "
        "its users may have been taken for empty.",
        ja="/usr と /opt の下に {count} 個を超えるファイルがあります。その先のプログラムだけが利用者に与えるグルー"
        "プは、空とみなされた可能性があります。",
    ),
    "limitation.root-modules-programs-unread.recommendation": Text(
        en="List them: find /usr /opt -xdev -perm -2000 -type f",
        ja="一覧を確認してください: find /usr /opt -xdev -perm -2000 -type f",
    ),
    "limitation.root-modules-acl-unreadable.title": Text(
        en="The access control list of {path} could not be read",
        ja="{path} のアクセス制御リストを読み取れなかった",
    ),
    "limitation.root-modules-acl-unreadable.description": Text(
        en="The reason: {reason}. It was judged by owner and mode alone; users and groups that only the list "
        "names are missing.",
        ja="理由: {reason}。所有者とモードだけで判定したため、リストだけに記載されたユーザーやグループは含まれま"
        "せん。",
    ),
    "limitation.root-modules-acl-unreadable.recommendation": Text(
        en="Look at it with getfacl {word}",
        ja="getfacl {word} で確認してください。",
    ),
    "limitation.scripts-polled.title": Text(
        en="Scripts of short-lived root processes were not seen",
        ja="短命な root プロセスのスクリプトを確認できなかった",
    ),
    "limitation.scripts-polled.description": Text(
        en="The kernel program could not be used: {reason}. Command lines were read at the start, at the end "
        "and every 10 s instead; scripts that ran in between were missed.",
        ja="カーネルプログラムを使用できませんでした: {reason}。代わりに開始時、終了時、および 10 秒ごとにコマン"
        "ドラインを読み取りました。その間に実行されたスクリプトは確認できませんでした。",
    ),
    "limitation.scripts-polled.recommendation": Text(
        en="Run Javert as root on Linux 5.8 or later with BTF (CONFIG_DEBUG_INFO_BTF), where BPF is not locked "
        "down.",
        ja="BTF (CONFIG_DEBUG_INFO_BTF) を備え、BPF が制限されていない Linux 5.8 以降で、Javert を root として実"
        "行してください。",
    ),
    "limitation.root-scripts-gone.title": Text(
        en="{count} scripts of root in containers of a moment were not looked at",
        ja="一時的なコンテナ内の root のスクリプト {count} 個を確認できなかった",
    ),
    "limitation.root-scripts-gone.description": Text(
        en="Interpreters were started there as root with what may have been a script. The mount namespace was gone "
        "before it could be looked at: who could change the scripts is not known.",
        ja="そこでは、スクリプトと思われる引数でインタープリターが root として起動されました。確認する前にマウント名"
        "前空間が消えたため、スクリプトを変更できる者は不明です。",
    ),
    "limitation.root-scripts-gone.recommendation": Text(
        en="Assess the images of these containers, or let one of them run while Javert watches.",
        ja="これらのコンテナのイメージを評価するか、Javert の監視中にコンテナを実行し続けてください。",
    ),
    "limitation.root-modules-directory-service.title": Text(
        en="Users and groups come from a directory service ({sources})",
        ja="ユーザーとグループがディレクトリサービス ({sources}) から提供されている",
    ),
    "limitation.root-modules-directory-service.description": Text(
        en="It need not list all its users and groups. A group that only it gives to a user, and that no "
        "running process holds, may have been taken for empty.",
        ja="ディレクトリサービスはすべてのユーザーとグループを列挙するとは限りません。サービスだけがユーザーに割"
        "り当て、実行中のプロセスが保持していないグループは、空とみなされた可能性があります。",
    ),
    "limitation.root-modules-directory-service.recommendation": Text(
        en="Look for files of root that such a group can write: find / -xdev -user root -perm -g+w -type f",
        ja="そのようなグループが書き込める root のファイルを探してください: find / -xdev -user root -perm -g+w "
        "-type f",
    ),
}
