"""Texts of the rule ``software-without-dep``.

A finding's texts are put together from what is wrong, whose software it is and whether it runs; each combination
has its own key: ``software-without-dep.<cause>.<owner>.<running|idle>``.
"""

from itertools import product

from javert.catalogue.lookup import Text

_TITLE = Text(
    en="{path} does not support data execution prevention",
    ja="{path} はデータ実行防止をサポートしていません",
)

_CAUSES: dict[str, Text] = {
    "stack-executable.executable": Text(
        en="The program's headers ask for an executable stack (PT_GNU_STACK with the execute flag), and the "
        "kernel gives it one: data that an attacker writes to the stack can be run as code.",
        ja="プログラムのヘッダーが実行可能なスタックを要求しており (実行フラグ付きの PT_GNU_STACK)、カーネルはその"
        "とおりに割り当てます。攻撃者がスタックに書き込んだデータをコードとして実行できます。",
    ),
    "stack-executable.shared-object": Text(
        en="The shared object's headers ask for an executable stack (PT_GNU_STACK with the execute flag). A "
        "program linked with it gets an executable stack from glibc's loader, however the program itself was "
        "built; glibc 2.41 and later refuse to load it with dlopen.",
        ja="共有オブジェクトのヘッダーが実行可能なスタックを要求しています (実行フラグ付きの PT_GNU_STACK)。これを"
        "リンクしたプログラムは、プログラム自体の作りにかかわらず、glibc のローダーによってスタックが実行可能にな"
        "ります。glibc 2.41 以降は dlopen での読み込みを拒否します。",
    ),
    "stack-header-missing.executable": Text(
        en="The program has no PT_GNU_STACK header. On this machine type ({machine}) and kernel that means an "
        "executable stack, and with it that all readable memory is executable.",
        ja="プログラムに PT_GNU_STACK ヘッダーがありません。このマシンタイプ ({machine}) とカーネルでは、スタック"
        "が実行可能になり、読み取り可能なメモリもすべて実行可能になります。",
    ),
    "threads": Text(
        en="The program has no PT_GNU_STACK header. The kernel protects its main stack all the same, but glibc's "
        "loader takes the missing header for a wish and makes the stacks of its further threads executable: "
        "memory that is both writable and executable was seen in it.",
        ja="プログラムに PT_GNU_STACK ヘッダーがありません。メインスタックはカーネルによって保護されますが、glibc の"
        "ローダーはヘッダーの欠如を要求とみなし、追加のスレッドのスタックを実行可能にします。実際に、書き込み可能か"
        "つ実行可能なメモリが確認されました。",
    ),
    "stack-header-missing.shared-object": Text(
        en="The shared object has no PT_GNU_STACK header. glibc's loader takes that on {machine} for a wish for "
        "an executable stack, and makes the stack of the whole program executable; glibc 2.41 and later refuse to "
        "load it with dlopen. The kernel alone would not.",
        ja="共有オブジェクトに PT_GNU_STACK ヘッダーがありません。{machine} の glibc のローダーはこれを実行可能な"
        "スタックの要求とみなし、プログラム全体のスタックを実行可能にします。glibc 2.41 以降は dlopen での読み込み"
        "を拒否します。カーネルだけではそうなりません。",
    ),
}
_SEGMENT = Text(
    en="A load segment is both writable and executable: code in it can be overwritten while it runs.",
    ja="ロードセグメントの 1 つが書き込み可能かつ実行可能です。その中のコードは実行中に書き換えられます。",
)

_STACK_FIX_HERE = Text(
    en='Clear the mark in a copy and put that in place: `f={quoted}; cp -a "$f" "$f.new" && patchelf '
    '--clear-execstack "$f.new" && mv -b "$f.new" "$f"` (patchelf 0.18 and later; the original is kept, with a ~ to '
    "its name), and test the software. Changed in place, the file would crash what runs it.",
    ja='複製上で要求を消して置き換え、動作を確認してください: `f={quoted}; cp -a "$f" "$f.new" && patchelf '
    '--clear-execstack "$f.new" && mv -b "$f.new" "$f"` (patchelf 0.18 以降。元のファイルは名前の末尾に ~ を付けて'
    "残ります)。ファイルを直接書き換えると、実行中のプロセスが異常終了します。",
)
_STACK_FIX = Text(
    en="Whoever builds it should link with `-z noexecstack` and add a .note.GNU-stack section to assembler sources.",
    ja="ビルドする側では `-z noexecstack` を付けてリンクし、アセンブラのソースに .note.GNU-stack セクションを追加し"
    "てください。",
)
_MISSING_FIX = Text(
    en="Rebuild it: link with `-z noexecstack` and add a .note.GNU-stack section to assembler sources. Where the "
    "program execstack is at hand, `execstack -c` adds the header to a copy, which `mv` puts in place after a test.",
    ja="再ビルドしてください。`-z noexecstack` を付けてリンクし、アセンブラのソースに .note.GNU-stack セクションを"
    "追加します。execstack を利用できる場合は、複製に対して `execstack -c` を実行してヘッダーを追加し、動作を確認し"
    "てから `mv` で置き換えることもできます。",
)
_SEGMENT_FIX = Text(
    en="Relink it so that code and data have segments of their own (`-z separate-code`; not `-N` or `--omagic`).",
    ja="コードとデータが別々のセグメントになるように再リンクしてください (`-z separate-code`。`-N` や `--omagic` "
    "は不可)。",
)

_OWNERS: dict[str, tuple[Text, Text]] = {
    "os-package": (
        Text(
            en="It belongs to the distribution's package {package}.",
            ja="ディストリビューションのパッケージ {package} に含まれています。",
        ),
        Text(
            en="Best is a fixed package: `{upgrade}`, and a bug report to {vendor} if the newest one is no "
            "better. If nobody needs it: `{remove}`.",
            ja="修正済みのパッケージへの更新が最善です: `{upgrade}`。最新版でも変わらない場合は {vendor} に報告し"
            "てください。不要であれば削除してください: `{remove}`。",
        ),
    ),
    "third-party-package": (
        Text(
            en="It belongs to the third-party package {package} of {vendor}.",
            ja="{vendor} のサードパーティパッケージ {package} に含まれています。",
        ),
        Text(
            en="Ask {vendor} for a build that supports data execution prevention, or uninstall it: `{remove}`.",
            ja="データ実行防止をサポートするビルドを {vendor} に求めるか、削除してください: `{remove}`。",
        ),
    ),
    "tree": (
        Text(
            en="It belongs to the package {package}, which {manager} keeps in {tree}.",
            ja="{manager} が {tree} で管理しているパッケージ {package} に含まれています。",
        ),
        Text(
            en="Upgrade the package there, ask its makers for a build that supports data execution prevention, or "
            "uninstall it: `{remove}`. Do that as the user whose files they are, not as root: such a command runs "
            "what lies there.",
            ja="そこでパッケージを更新するか、データ実行防止をサポートするビルドを開発元に求めるか、削除してください: "
            "`{remove}`。このコマンドはそこにあるコードを実行するため、root ではなくファイルの所有者として実行してく"
            "ださい。",
        ),
    ),
    "elsewhere": (
        Text(
            en="It belongs to the package {package} of the system in {system}.",
            ja="{system} のシステムのパッケージ {package} に含まれています。",
        ),
        Text(
            en="Upgrade or remove the package there (`{upgrade}` or `{remove}`), or rebuild the image it came "
            "from with a fixed version.",
            ja="そのシステム内でパッケージを更新または削除するか (`{upgrade}` または `{remove}`)、修正済みの版でイ"
            "メージを再ビルドしてください。",
        ),
    ),
    "image-package": (
        Text(
            en="It belongs to the package {package} in the container image {image}.",
            ja="コンテナーイメージ {image} のパッケージ {package} に含まれています。",
        ),
        Text(
            en="Rebuild the image with a fixed version of the package or without it (`{upgrade}` or `{remove}` in "
            "its build), and replace the containers made of it; a file of a layer is not to be changed in place.",
            ja="修正済みのパッケージを使うか、パッケージを除いて (ビルド中の `{upgrade}` または `{remove}`) イメージを"
            "再ビルドし、そのイメージのコンテナーを置き換えてください。レイヤー内のファイルは直接変更しないでください"
            "。",
        ),
    ),
    "image": (
        Text(
            en="It lies in a layer of the container image {image}, where no package claims it.",
            ja="コンテナーイメージ {image} のレイヤーにあり、どのパッケージにも属していません。",
        ),
        Text(
            en="Rebuild the image without it or with a mended one, and replace the containers made of it; ask those "
            "who publish the image if it is not yours. A file of a layer is not to be changed in place.",
            ja="このファイルを除くか修正してイメージを再ビルドし、そのイメージのコンテナーを置き換えてください。他者が"
            "公開しているイメージの場合は公開元に依頼してください。レイヤー内のファイルは直接変更しないでください。",
        ),
    ),
    "container": (
        Text(
            en="It lies in the container {container}, where no package claims it.",
            ja="コンテナー {container} の中にあり、どのパッケージにも属していません。",
        ),
        Text(
            en="Rebuild the image that the container comes from without the file or with a mended one, and replace "
            "the container; if the container wrote the file itself, remove it there.",
            ja="このファイルを除くか修正してコンテナーの元のイメージを再ビルドし、コンテナーを置き換えてください。コン"
            "テナー自身が作成したファイルの場合は、コンテナー内で削除してください。",
        ),
    ),
    "replaced": (
        Text(
            en="It belongs to the package {package}, but at its path the host has another file by now, or none.",
            ja="パッケージ {package} に含まれていますが、ホストの同じパスには現在、別のファイルがあるか、ファイルがあり"
            "ません。",
        ),
        Text(
            en="The package may have been upgraded since: restart what runs the file, and assess again. If it is no "
            "better then: `{upgrade}`, and a report to {vendor}.",
            ja="その後パッケージが更新された可能性があります。このファイルを実行しているものを再起動し、もう一度評価し"
            "てください。それでも変わらない場合は `{upgrade}` で更新し、{vendor} に報告してください。",
        ),
    ),
    "not-here": (
        Text(
            en="At that path the host has another file, or none: this one was removed or replaced, or the processes "
            "that run it have a mount namespace of their own. No package claims it.",
            ja="ホストの同じパスには別のファイルがあるか、ファイルがありません。このファイルが削除または置き換えられた"
            "か、これを実行しているプロセスが独自のマウント名前空間を持っています。どのパッケージにも属していません。",
        ),
        Text(
            en="If it was replaced, restart the processes. Otherwise see through one of them what it is (/proc/PID/exe, "
            "/proc/PID/map_files, or the path below /proc/PID/root), and find out what put it there.",
            ja="置き換えられた場合は、該当するプロセスを再起動してください。そうでない場合は、プロセスを通して内容を確"
            "認し (/proc/PID/exe、/proc/PID/map_files、または /proc/PID/root の下の同じパス)、それを配置したものを特定"
            "してください。",
        ),
    ),
    "unpackaged": (
        Text(en="No installed package owns it.", ja="インストール済みのどのパッケージにも属していません。"),
        Text(
            en="If nobody needs it, remove it: `rm {quoted}`.",
            ja="不要であれば削除してください: `rm {quoted}`。",
        ),
    ),
    "unknown": (
        Text(
            en="Whose it is is not known, because a package database could not be read.",
            ja="パッケージデータベースを読み取れなかったため、所有者は不明です。",
        ),
        Text(
            en="Find out whose it is, and ask there for a build that supports data execution prevention.",
            ja="所有者を確認し、データ実行防止をサポートするビルドを求めてください。",
        ),
    ),
}

_RUNNING: dict[str, tuple[Text, Text]] = {
    "running": (
        Text(en="It is running now: {processes}.", ja="現在実行中です: {processes}。"),
        Text(en="Restart these processes afterwards.", ja="その後、該当するプロセスを再起動してください。"),
    ),
    "idle": (
        Text(
            en="No process was seen to run it during the assessment.",
            ja="評価中、これを実行しているプロセスは確認されませんでした。",
        ),
        Text(en="", ja=""),
    ),
}


_HERE = frozenset({"os-package", "third-party-package", "tree", "unpackaged"})
"""Owners of files that the host itself has at their path, so that they can be mended there."""


def _joined(*parts: Text) -> Text:
    return Text(en=" ".join(part.en for part in parts if part.en), ja="".join(part.ja for part in parts))


def _findings() -> dict[str, Text]:
    wrong = {
        cause: ((text,), (_STACK_FIX if "stack-executable" in cause else _MISSING_FIX,))
        for cause, text in _CAUSES.items()
    }
    causes = {
        **wrong,
        **{
            f"{cause}+writable-executable-segment": ((*texts, _SEGMENT), (*fixes, _SEGMENT_FIX))
            for cause, (texts, fixes) in wrong.items()
        },
        "writable-executable-segment": ((_SEGMENT,), (_SEGMENT_FIX,)),
    }
    texts: dict[str, Text] = {}
    for (cause, (why, fixes)), (owner, (whose, get_rid)), (state, (who, restart)) in product(
        causes.items(), _OWNERS.items(), _RUNNING.items()
    ):
        key = f"finding.software-without-dep.{cause}.{owner}.{state}"
        mend = (_STACK_FIX_HERE, *fixes) if owner in _HERE and _STACK_FIX in fixes else fixes
        order = (*mend, get_rid) if owner in ("unpackaged", "unknown") else (get_rid, *mend)
        texts[f"{key}.title"] = _TITLE
        texts[f"{key}.description"] = _joined(*why, whose, who)
        texts[f"{key}.recommendation"] = _joined(*order, restart)
    return texts


_RULE: dict[str, Text] = {
    "rule.software-without-dep.name": Text(
        en="Software without data execution prevention", ja="データ実行防止 (DEP) をサポートしないソフトウェア"
    ),
    "rule.software-without-dep.summary": Text(
        en="An executable or shared object on this host does not support data execution prevention.",
        ja="このホスト上の実行ファイルまたは共有オブジェクトが、データ実行防止をサポートしていません。",
    ),
    "rule.software-without-dep.why": Text(
        en="Without it, a fault that lets an attacker write to the stack or heap lets him run what he wrote. One "
        "such shared object is enough to take the protection from a program that has it.",
        ja="データ実行防止がないと、スタックやヒープへの書き込みを許す欠陥が、そのまま任意のコードの実行につながり"
        "ます。該当する共有オブジェクトが 1 つあるだけで、保護されたプログラムからもその保護が失われます。",
    ),
    "rule.software-without-dep.how": Text(
        en="Javert reads the ELF headers of every file on local file systems that is executable or named like a "
        "shared object, and of what running processes have mapped. It decides as the kernel and glibc's loader do "
        "for this machine, kernel release and C library: the last PT_GNU_STACK counts; what a missing one means "
        "differs.",
        ja="ローカルファイルシステム上の実行ファイルと共有オブジェクト、および実行中のプロセスがマップしているファ"
        "イルの ELF ヘッダーを読み取ります。判定は、このマシン・カーネル・C ライブラリにおけるカーネルと glibc の"
        "ローダーの動作に従います。最後の PT_GNU_STACK が有効で、ヘッダーがない場合の意味はマシンによって異なりま"
        "す。",
    ),
    "rule.software-without-dep.fix": Text(
        en="Upgrade or uninstall the package, or relink with `-z noexecstack`.",
        ja="パッケージを更新またはアンインストールするか、`-z noexecstack` を付けて再リンクしてください。",
    ),
}

_LIVE: dict[str, Text] = {
    "finding.software-without-dep.live.title": Text(
        en="{path} runs with an executable stack", ja="{path} は実行可能なスタックで動作しています"
    ),
    "finding.software-without-dep.live.description": Text(
        en="The stack of {processes} is executable, though none of the files it was seen to have loaded asks for "
        "that: the program made it so itself (mprotect), or the object that asked for it is no longer there.",
        ja="{processes} のスタックが実行可能になっていますが、読み込みが確認されたファイルのいずれもそれを要求して"
        "いません。プログラム自身が変更したか (mprotect)、要求したオブジェクトがすでに存在しません。",
    ),
    "finding.software-without-dep.live.recommendation": Text(
        en="Look at how it is started (unit file, wrapper script) and which plug-ins it loads, then restart it "
        "and check that its [stack] in /proc/PID/maps is rw-p.",
        ja="起動方法 (ユニットファイル、ラッパースクリプト) と読み込むプラグインを確認し、再起動後に "
        "/proc/PID/maps の [stack] が rw-p であることを確認してください。",
    ),
}
_LIVE |= {
    "finding.software-without-dep.read-implies-exec.title": Text(
        en="{path} runs without data execution prevention: all of its memory is executable",
        ja="{path} はデータ実行防止なしで動作しています (すべてのメモリが実行可能)",
    ),
    "finding.software-without-dep.read-implies-exec.description": Text(
        en="{processes} has the personality READ_IMPLIES_EXEC, though none of the files it was seen to have loaded "
        "asks for that: whatever memory it asks for to read, the kernel makes executable. What started it set "
        "that (setarch --read-implies-exec, a container's or unit's personality), or the program did itself.",
        ja="{processes} には READ_IMPLIES_EXEC パーソナリティが設定されていますが、読み込みが確認されたファイルのい"
        "ずれもそれを要求していません。読み取り用に確保したメモリはすべて、カーネルによって実行可能になります。起動"
        "元 (setarch --read-implies-exec、コンテナーやユニットのパーソナリティ設定) またはプログラム自身が設定したも"
        "のです。",
    ),
    "finding.software-without-dep.read-implies-exec.recommendation": Text(
        en="Start it without that personality: look for setarch in its unit file, wrapper script and parents, then "
        "restart it and check that /proc/PID/personality no longer holds 00400000.",
        ja="このパーソナリティなしで起動してください。ユニットファイル、ラッパースクリプト、親プロセスで setarch の使"
        "用を確認し、再起動後に /proc/PID/personality に 00400000 が含まれないことを確認してください。",
    ),
    "limitation.code-memory-unexplained.title": Text(
        en="Memory that is writable and executable is not explained",
        ja="書き込み可能かつ実行可能なメモリの理由を確認できませんでした",
    ),
    "limitation.code-memory-unexplained.description": Text(
        en="Memory of no file that is both writable and executable was seen in {examples} (processes in all: {count}), "
        "and no just-in-time compiler that Javert knows. Whether a compiler made it, or a program that gave up its "
        "protection, is not told by what can be seen.",
        ja="{examples} (プロセス数: {count}) に、ファイルに基づかない書き込み可能かつ実行可能なメモリが確認されましたが"
        "、既知の JIT コンパイラーは見つかりませんでした。JIT コンパイラーによるものか、プログラムが保護を放棄したの"
        "かは、確認できる情報からは判断できません。",
    ),
    "limitation.code-memory-unexplained.recommendation": Text(
        en="Look at them with `grep rwxp /proc/PID/maps`, and ask their makers what the memory is for.",
        ja="`grep rwxp /proc/PID/maps` で確認し、そのメモリの用途を開発元に問い合わせてください。",
    ),
}

_HOST_WHY = Text(
    en="High priority: on this host memory cannot be protected from execution, whatever the software on it asks "
    "for: ",
    ja="優先度: 高。このホストでは、ソフトウェアの要求にかかわらず、メモリを実行から保護できません。",
)
_HOST: dict[str, Text] = {
    **{
        f"finding.software-without-dep.host.{cause}.title": Text(
            en="Data execution prevention is off on the whole host",
            ja="ホスト全体でデータ実行防止が無効になっています",
        )
        for cause in ("processor", "parameter")
    },
    "finding.software-without-dep.host.processor.description": Text(
        en=f"{_HOST_WHY.en}the processor has no NX bit, or its firmware or hypervisor hides it (no `nx` among the "
        "flags in /proc/cpuinfo).",
        ja=f"{_HOST_WHY.ja}プロセッサに NX ビットがないか、ファームウェアまたはハイパーバイザーによって無効にされています "
        "(/proc/cpuinfo の flags に `nx` がありません)。",
    ),
    "finding.software-without-dep.host.processor.recommendation": Text(
        en='Switch on "Execute Disable", "No-Execute Memory Protection" or "XD bit" in the firmware\'s '
        "setup, give a virtual machine a processor model with NX, and take clearcpuid= off the kernel's command "
        "line.",
        ja="ファームウェアの設定で「Execute Disable」「No-Execute Memory Protection」または「XD bit」を有効にし、"
        "仮想マシンには NX のあるプロセッサモデルを割り当て、カーネルのコマンドラインから clearcpuid= を取り除いて"
        "ください。",
    ),
    "finding.software-without-dep.host.parameter.description": Text(
        en=f"{_HOST_WHY.en}the kernel was started with {{parameter}}.",
        ja=f"{_HOST_WHY.ja}カーネルが {{parameter}} 付きで起動されています。",
    ),
    "finding.software-without-dep.host.parameter.recommendation": Text(
        en="Take {parameter} off the kernel's command line (for GRUB: /etc/default/grub, then `update-grub`) and "
        "restart the host.",
        ja="カーネルのコマンドラインから {parameter} を取り除き (GRUB の場合は /etc/default/grub を編集して "
        "`update-grub`)、ホストを再起動してください。",
    ),
    "limitation.no-execute-off.title": Text(
        en="Data execution prevention is off on the whole host",
        ja="ホスト全体でデータ実行防止が無効になっています",
    ),
    "limitation.no-execute-off.description": Text(
        en="High priority: software was judged by what it asks for, but this host protects none of it; what is "
        "not listed as a finding is not protected either.",
        ja="優先度: 高。ソフトウェアはその要求に基づいて判定されましたが、このホストではいずれも保護されません。結"
        "果に挙がっていないものも保護されていません。",
    ),
    "limitation.no-execute-off.recommendation": Text(
        en="See the finding about the host.", ja="ホストに関する結果を参照してください。"
    ),
}

TEXTS: dict[str, Text] = {**_RULE, **_findings(), **_LIVE, **_HOST}
