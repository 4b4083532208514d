"""Which script an interpreter was started with, from its command line.

The options that take a value, and those after which no script follows, are those of python(1) 3.13, perlrun(1)
5.40, ruby(1) 3.3, node(1) 22, php(1) 8.3 and of the shells bash(1), dash(1), ksh(1) and zsh(1). An argument may
be a secret: nothing but the script's path may go further.
"""

import re
from collections.abc import Sequence

import msgspec


class _Syntax(msgspec.Struct, frozen=True, kw_only=True):
    """How an interpreter reads its command line.

    Attributes:
        inline: options whose value is the program, or that read it elsewhere: there is no script.
        valued: options whose value is the next argument unless it is glued to them.
        script: options whose value is the script.
        commands: first arguments that are no script themselves (``node inspect script``).
        bundled: one-letter options may be written together (``-ne``).
        apart: a letter of a bundle that takes a value takes the next argument, wherever it stands
            (``-oeu pipefail``); else what stands behind it is its value (``-Wignore``), and only the last letter
            takes the next argument (``-uW ignore``).
        long: options of more than one letter behind a single ``-``, which are no bundles.
        beside: what an argument that names no file is completed with.
    """

    inline: frozenset[str]
    valued: frozenset[str] = frozenset()
    script: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    bundled: bool = True
    apart: bool = False
    long: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SHELL = _Syntax(
    inline=_set("-c -s"),
    valued=_set("-o -O +o +O --rcfile --init-file -rcfile -init-file --emulate"),
    apart=True,
    long=_set("-debugger -login -noediting -noprofile -norc -posix -restricted -verbose"),
)
_PYTHON = _Syntax(inline=_set("-c -m"), valued=_set("-W -X --check-hash-based-pycs"), beside=("/__main__.py",))
_ALONE = re.compile(r"-[A-VY-Za-z]*[IP][A-Za-z]*")  # what stands behind -W and -X is their value
_SYNTAXES: tuple[tuple[re.Pattern[str], _Syntax], ...] = (
    (re.compile(r"(?:ba|da|a|k|mk|lk|pdk|po|z|y|rba|c|bsd-c|tc)?sh(?:-?[0-9.]+)?(?:-static)?"), _SHELL),
    (re.compile(r"fish"), _Syntax(inline=_set("-c --command"), valued=_set("-C --init-command -d -D -o -p -f"))),
    (re.compile(r"(?:platform-)?(?:python|pypy)[0-9.]*[a-z]*(?:-dbg)?"), _PYTHON),
    (re.compile(r"perl[0-9.]*(?:-[a-z0-9_]+)*"), _Syntax(inline=_set("-e -E"), valued=_set("-I -M -m"))),
    (
        re.compile(r"ruby[0-9.]*"),
        _Syntax(inline=_set("-e"), valued=_set("-I -r -C -E -K -F --encoding --external-encoding")),
    ),
    (
        re.compile(r"node(?:js)?[0-9.]*"),
        _Syntax(
            inline=_set("-e --eval -p --print -pe"),
            valued=_set("-r --require --import --loader --experimental-loader -C --conditions --env-file"),
            commands=_set("inspect"),
            bundled=False,
            beside=(".js", "/index.js"),
        ),
    ),
    (
        re.compile(r"php[0-9.]*(?:-cgi|-fpm)?[0-9.]*"),
        _Syntax(inline=_set("-r -B -R -E -S -a"), valued=_set("-c -d -z -t"), script=_set("-f -F --file")),
    ),
)


def is_interpreter(program: str) -> bool:
    """Whether the last part of a program's path is that of a known interpreter, or of busybox, which may be one."""
    return program == "busybox" or _syntax(program) is not None


def script_argument(program: str, arguments: Sequence[str]) -> str | None:
    """The script that an interpreter was told to run; None if it was none, or is not told by the command line.

    Args:
        program: last part of the interpreter's path, for instance "python3.11".
        arguments: argv, the interpreter's own name first; the last may be cut.
    """
    rest = list(arguments[1:])
    if program == "busybox":
        applet = arguments[0].rpartition("/")[2].lstrip("-") if arguments else ""
        program = rest.pop(0) if applet == "busybox" and rest else applet
    syntax = _syntax(program)
    return None if syntax is None else _script(syntax, rest)


def completions(program: str, script: str) -> tuple[str, ...]:
    """The files that an interpreter may run when it is given ``script``, in the order in which it looks for them.

    Python runs ``__main__.py`` of a directory, and node takes a name without its end.

    Args:
        program: as for ``script_argument``.
        script: what that gave.
    """
    syntax = _syntax(program)
    return (script, *(f"{script.rstrip('/')}{end}" for end in syntax.beside)) if syntax else (script,)


def imports_beside_script(program: str, arguments: Sequence[str]) -> bool:
    """Whether an interpreter looks for modules in its script's own directory first: Python, unless told not to.

    ``-I`` and ``-P`` of python(1) take it out of ``sys.path``; what the environment says is not known here.

    Args:
        program: as for ``script_argument``.
        arguments: as for ``script_argument``.
    """
    syntax = _syntax(program)
    script = script_argument(program, arguments)
    if syntax is not _PYTHON or script is None:
        return False
    options = arguments[1 : list(arguments).index(script, 1)]
    return not any(_ALONE.fullmatch(option) for option in options)


def _syntax(program: str) -> _Syntax | None:
    return next((syntax for pattern, syntax in _SYNTAXES if pattern.fullmatch(program)), None)


def _script(syntax: _Syntax, rest: list[str]) -> str | None:
    while rest:
        argument = rest.pop(0)
        if argument in syntax.commands:
            continue
        if argument == "--":
            return rest[0] if rest and rest[0] != "-" else None
        if argument in ("", "-"):
            return None
        if argument[0] not in "-+":
            return argument
        option = argument.partition("=")[0]
        if option in syntax.script:
            return rest[0] if rest else None
        if option in syntax.inline:
            return None
        if argument in syntax.valued:
            taken = 1
        elif argument in syntax.long or not syntax.bundled:
            taken = 0
        else:
            values = _values_of_bundle(argument, syntax)
            if values is None:
                return None
            taken = values
        del rest[:taken]
    return None


def _values_of_bundle(argument: str, syntax: _Syntax) -> int | None:
    """How many of the next arguments belong to one-letter options written together, as in ``-euo pipefail``.

    None if one of them is an option after which no script follows, as in ``-ne``.
    """
    sign, letters, taken = argument[0], argument[1:], 0
    if letters.startswith("-"):
        return 0
    for place, letter in enumerate(letters):
        if not letter.isalpha():
            return taken  # the rest is a value
        if f"-{letter}" in syntax.inline and sign == "-":
            return None
        if f"{sign}{letter}" in syntax.valued:
            taken += 1
            if not syntax.apart:
                return int(place == len(letters) - 1)
    return taken
