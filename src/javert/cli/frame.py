"""Around every command: finds it, runs it, and turns errors into one line and an exit code."""

import contextlib
import os
import sys
from importlib import import_module

import click

from javert.cli.standard_output import print_bytes, silence
from javert.errors import JavertError, fault_site

DONE, FINDINGS, USAGE, FAILED = 0, 1, 2, 3
"""Exit codes: done; done, with a finding at or above --fail-on; wrong usage; the run failed or assessed nothing."""

_COMMANDS = {
    "assess": "Watch this host for a while and report where its behaviour is insecure.",
    "evaluate": "Apply the rules again to the telemetry of a recorded run.",
    "replay": "Judge the traffic in a capture.",
    "report": "Put a stored result into another format.",
    "diff": "Compare two results: new, fixed and unchanged findings.",
    "rules": "List the rules, or explain one.",
}
"""Names and short help, so that the list of commands needs none of their modules."""


class _Commands(click.Group):
    """Commands that are imported when they are called: module ``javert.cli.<name>``, attribute ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"javert.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from javert import __version__  # noqa: PLC0415 - wanted nowhere else

        print_bytes(f"javert {__version__}\n".encode())
        ctx.exit()


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
    epilog="Exit codes: 0 done; 1 a finding at or above --fail-on; 2 wrong usage; 3 failed, or nothing assessed.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
@click.pass_context
def javert(ctx: click.Context) -> None:
    """Javert watches a host for a while and says, with proof, where its runtime behaviour is insecure."""
    if ctx.invoked_subcommand is None:
        print_bytes(f"{ctx.get_help()}\n".encode())


def run(arguments: list[str]) -> int:
    """Run the command line ``arguments``; returns the exit code and never raises for what went wrong."""
    try:
        # Not javert.main(): click would turn interrupts and broken pipes into words and codes of its own.
        with javert.make_context("javert", arguments) as context:
            code = javert.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        return _complain(_usage_line(error), USAGE)
    except KeyboardInterrupt:
        return _complain("interrupted", FAILED)
    except BrokenPipeError:
        silence()
        return DONE
    except JavertError as error:
        return _complain(str(error), error.exit_code)
    except Exception as error:  # the last place that can turn it into one line
        if os.environ.get("JAVERT_DEBUG") == "1":
            raise
        return _complain(
            f"this is a fault of Javert: {fault_site(error)}; please report this line to the project "
            "(JAVERT_DEBUG=1 shows where it comes from)",
            FAILED,
        )


def _usage_line(error: click.ClickException) -> str:
    line = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "javert"
    return f"{line.rstrip('.')} ({path} --help explains)"


def _complain(line: str, code: int) -> int:
    with contextlib.suppress(OSError):  # nobody reads standard error any more; the exit code still tells
        sys.stderr.write(f"javert: error: {line}\n")
        sys.stderr.flush()
    return code
