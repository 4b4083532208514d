"""Scripts in command lines, as the interpreters themselves read them."""

import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.interpreters import completions, imports_beside_script, is_interpreter, script_argument


@pytest.mark.parametrize(
    "program",
    [
        "sh",
        "bash",
        "dash",
        "zsh",
        "ksh",
        "python",
        "python3",
        "python3.11",
        "perl",
        "perl5.36.0",
        "ruby3.1",
        "node",
        "php8.2",
        "busybox",
        "bash-static",
        "ksh93",
        "bsd-csh",
        "tcsh",
        "fish",
        "platform-python3.6",
        "perl5.36-x86_64-linux-gnu",
    ],
)
def test_interpreters_are_known_by_name(program):
    assert is_interpreter(program)


@pytest.mark.parametrize(
    "program", ["", "sshd", "shred", "push", "pythonista-server", "nodemon", "nginx", "phpize"]
)
def test_other_programs_are_not(program):
    assert not is_interpreter(program)
    assert script_argument(program, [program, "/x"]) is None


@pytest.mark.parametrize(
    ("line", "script"),
    [
        ("sh /x", "/x"),
        ("sh -e /x -c y", "/x"),
        ("sh -c /x", None),
        ("sh -ec /x", None),
        ("-bash", None),
        ("bash -s /x", None),
        ("bash --norc -o pipefail +O extglob /x", "/x"),
        ("bash --rcfile /y /x", "/x"),
        ("bash -rcfile /y /x", "/x"),
        ("bash -norc /x", "/x"),
        ("bash -euo pipefail /x", "/x"),
        ("bash -oeu pipefail /x", "/x"),
        ("bash +eo pipefail /x", "/x"),
        ("bash -oc pipefail /x", None),
        ("fish -C true /x", "/x"),
        ("tcsh -f /x", "/x"),
        ("python3 -uW ignore /x", "/x"),
        ("perl -wI /lib /x", "/x"),
        ("bash -- /x", "/x"),
        ("bash -- -", None),
        ("bash -", None),
        ("python3", None),
        ("python3 /x a b", "/x"),
        ("python3 -u -W ignore -X dev /x", "/x"),
        ("python3 -Wignore -bb -OO /x", "/x"),
        ("python3 -m http.server", None),
        ("python3 -Im http.server", None),
        ("python3 -c print", None),
        ("python3 --check-hash-based-pycs always /x", "/x"),
        ("python3 -", None),
        ("perl -w -T /x", "/x"),
        ("perl -I /lib -Mstrict /x", "/x"),
        ("perl -ne print /x", None),
        ("perl -i.bak -pe s/a/b/ /x", None),
        ("ruby -r json -W0 /x", "/x"),
        ("ruby -e 1 /x", None),
        ("node --require /y /x", "/x"),
        ("node --max-old-space-size=4096 /x", "/x"),
        ("node -e 1", None),
        ("node inspect /x", "/x"),
        ("php /x", "/x"),
        ("php -d a=b -f /x -- -r", "/x"),
        ("php -r 1", None),
        ("busybox sh /x", "/x"),
        ("busybox ls /x", None),
        ("busybox", None),
    ],
)
def test_the_script_of_a_command_line(line, script):
    arguments = line.split(" ")
    assert script_argument(arguments[0].lstrip("-"), arguments) == script


def test_busybox_by_the_name_of_an_applet():
    assert script_argument("busybox", ["/bin/sh", "/x"]) == "/x"
    assert script_argument("busybox", ["ash", "-c", "/x"]) is None


OPTIONS = {
    "sh": ["-e", "-u", "-eu", "-o errexit", "-ueo errexit", "+e", "-c true", "-s", "--"],
    "bash": [
        "-e",
        "--norc",
        "-O extglob",
        "+O extglob",
        "-o pipefail",
        "-euo pipefail",
        "-oe pipefail",
        "-norc",
        "-rcfile /dev/null",
        "--rcfile /dev/null",
        "-c true",
        "--",
    ],
    "perl": ["-w", "-I /tmp", "-wI /tmp", "-Mstrict", "-e 1", "-we 1", "-W", "-T", "--"],
    "python3": ["-B", "-I", "-W ignore", "-Wignore", "-BW ignore", "-X utf8", "-c pass", "-Bc pass", "-E", "-u"],
}


@pytest.mark.parametrize("program", OPTIONS)
def test_the_interpreter_itself_runs_the_script_that_was_told(program, tmp_path):
    """Options alone and in pairs, and the real interpreter: it ran the script exactly if one was told."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    body = f"import pathlib; pathlib.Path({str(ran)!r}).touch()" if program == "python3" else f"touch {ran}"
    script.write_text(f"system 'touch {ran}';" if program == "perl" else body)
    for first in ("", OPTIONS[program][0], OPTIONS[program][2]):
        for second in OPTIONS[program]:
            arguments = [program, *first.split(), *second.split(), str(script)]
            done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            if done.returncode == 0:  # it understood its options
                told = script_argument(program, arguments)
                assert (told == str(script)) == ran.exists(), arguments
            ran.unlink(missing_ok=True)


@given(
    st.sampled_from(["sh", "python3", "perl", "node", "php", "busybox"]), st.lists(st.text("-+ceox=/m", max_size=4))
)
def test_what_is_told_is_an_argument_and_no_option(program, arguments):
    script = script_argument(program, [program, *arguments])
    assert script is None or script in arguments


@pytest.mark.parametrize(
    ("options", "beside"),
    [
        ([], True),
        (["-u", "-W", "ignore"], True),
        (["-WIgnore", "-XPlain"], True),
        (["-I"], False),
        (["-P"], False),
        (["-uI"], False),
        (["-sP", "-u"], False),
    ],
)
def test_python_imports_from_the_directory_of_its_script_first(tmp_path, options, beside):
    """Python is asked: a module beside the script hides the standard library's, unless an option forbids it."""
    assert imports_beside_script("python3.11", ["python3", *options, "job.py", "-I"]) == beside
    (tmp_path / "job.py").write_text("import wave")
    (tmp_path / "wave.py").write_text("print('planted')")
    done = subprocess.run(
        [sys.executable, *options, tmp_path / "job.py"], capture_output=True, text=True, check=True
    )
    assert (done.stdout == "planted\n") == beside


def test_others_do_not_and_without_a_script_there_is_no_directory():
    assert not imports_beside_script("perl", ["perl", "job.pl"])
    assert not imports_beside_script("python3", ["python3", "-m", "job"])


def test_what_an_interpreter_makes_of_a_name(tmp_path):
    assert completions("bash", "/x") == ("/x",)
    assert completions("node", "/x") == ("/x", "/x.js", "/x/index.js")
    (tmp_path / "__main__.py").write_text("print('ran')")
    done = subprocess.run([sys.executable, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "ran\n"
    assert completions("python3", f"{tmp_path}/")[1] == str(tmp_path / "__main__.py")
