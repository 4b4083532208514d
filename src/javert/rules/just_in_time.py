"""Known just-in-time compilers, told by the files that a process has mapped.

A just-in-time compiler writes machine code and runs it, so it needs memory that is both writable and executable, or
becomes one after the other. That is what it is for, and no sign that the program lacks data execution prevention.
"""

import re
from collections.abc import Iterable

_COMPILERS: tuple[tuple[str, str], ...] = (
    ("the Java virtual machine", r"libjvm\.so|libj9jit\d*\.so|libjvmcicompiler\.so"),
    (
        "V8",
        r"node|nodejs|deno|bun|libnode\.so.*|libv8.*\.so.*|d8|chrome|chromium.*|electron.*|libcef\.so|code|plv8.*\.so",
    ),
    ("SpiderMonkey", r"libmozjs.*\.so.*|libxul\.so|firefox.*|thunderbird.*|js\d+"),
    ("JavaScriptCore", r"libjavascriptcoregtk.*\.so.*|libwebkit2?gtk.*\.so.*|libwpewebkit.*\.so.*"),
    ("Qt's JavaScript engine", r"libQt\d+Qml\.so.*"),
    (".NET", r"libcoreclr\.so|libclrjit\.so|libmonosgen.*\.so.*|libcoreclrtraceptprovider\.so"),
    ("Mono", r"mono|mono-sgen|mono-boehm|libmono.*\.so.*"),
    ("LuaJIT", r"luajit.*|libluajit.*\.so.*|nvim|texluajit.*|luajithbtex|luajittex"),
    ("PyPy", r"pypy\d*(\.\d+)?(-c)?|libpypy.*\.so.*"),
    ("PHP", r"opcache\.so"),
    ("Erlang", r"beam\.smp|beam\.\w+\.smp"),
    ("Julia", r"libjulia.*\.so.*|julia"),
    ("LLVM", r"libLLVM.*\.so.*|lli(-\d+)?|llvmjit\.so"),
    ("libgccjit", r"libgccjit\.so.*"),
    ("WebAssembly", r"wasmtime|wasmer|libwasm(time|er|edge)\.so.*"),
    ("QEMU", r"qemu-(?!img|nbd|io|ga).*|accel-tcg-.*\.so"),
    ("Valgrind", r"(memcheck|callgrind|helgrind|massif|cachegrind|drd|lackey|none|dhat)-(amd64|x86|arm|arm64).*"),
    ("GNU Lightning or Guile", r"liblightning\.so.*|libguile-.*\.so.*"),
    ("Ruby", r"libruby.*\.so.*"),
    ("SBCL", r"sbcl"),
    ("ORC", r"liborc-\d.*\.so.*"),
    ("GPU drivers", r"libnvidia-.*\.so.*|libcuda\.so.*|libGLX_nvidia\.so.*|libnvrtc.*\.so.*"),
    ("PCRE", r"libpcre(2-(8|16|32)|16|32)?\.so.*"),
    ("libffi", r"libffi.*\.so.*"),
)
"""Each with a pattern for the names of its files: compilers of whole programs first, then of parts of them."""

_OF_PARTS = frozenset({"ORC", "GPU drivers", "PCRE", "libffi"})
"""Libraries that compile an expression or a call now and then; half of all programs have one of them mapped."""

_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _COMPILERS)


def compiler(paths: Iterable[str]) -> str:
    """The just-in-time compiler that one of these files holds; "" if none is known to.

    Args:
        paths: of the files that a process has mapped executable, its program included.
    """
    names = {path.rpartition("/")[2].removesuffix(" (deleted)") for path in paths}
    return next((name for name, pattern in _PATTERNS if any(map(pattern.fullmatch, names))), "")


def of_whole_programs(name: str) -> bool:
    """Whether ``compiler`` found one that a program is run by, and no library that may have compiled nothing."""
    return bool(name) and name not in _OF_PARTS
