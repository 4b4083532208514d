import pytest

from javert.rules.just_in_time import compiler


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", "the Java virtual machine"),
        ("/usr/bin/node", "V8"),
        ("/usr/lib/chromium/chromium", "V8"),
        ("/usr/bin/mono-sgen", "Mono"),
        ("/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.0/libclrjit.so", ".NET"),
        ("/usr/lib/x86_64-linux-gnu/libmozjs-102.so.102.15.1", "SpiderMonkey"),
        ("/usr/lib/firefox-esr/libxul.so", "SpiderMonkey"),
        ("/usr/bin/luajit-2.1.0-beta3", "LuaJIT"),
        ("/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2", "PCRE"),
        ("/lib/x86_64-linux-gnu/libpcre.so.3.13.3", "PCRE"),
        ("/usr/lib/x86_64-linux-gnu/libffi.so.8.1.2", "libffi"),
        ("/usr/local/lib/python3.12/site-packages/cffi.libs/libffi-45372312.so.8", "libffi"),
        ("/usr/lib/postgresql/15/lib/llvmjit.so", "LLVM"),
        ("/usr/lib/php/20220829/opcache.so", "PHP"),
        ("/usr/bin/qemu-system-x86_64", "QEMU"),
        ("/usr/bin/node (deleted)", "V8"),
    ],
)
def test_known_compilers(path, name):
    assert compiler(["/usr/lib/x86_64-linux-gnu/libc.so.6", path]) == name


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/usr/bin/nodeenv",
        "/opt/node/bin/worker",
        "/usr/bin/qemu-img",
        "/usr/lib/libpcreposix.so.3",
        "/x/libffitter",
    ],
)
def test_what_only_looks_like_one(path):
    assert compiler([path]) == ""


def test_a_whole_programs_compiler_is_named_before_a_parts():
    assert compiler(["/lib/libffi.so.8", "/usr/lib/libjvm.so"]) == "the Java virtual machine"
