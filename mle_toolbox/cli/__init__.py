"""The commands `mle` and `mle-gen-snakefile`.

A command parses, calls one function of the package and prints: results on stdout, everything else on stderr. Exit
status 0: done; 1: something ran and failed; 2: a mistake in the input; 130: interrupted. A command's module is imported
only when that command is called, so that `mle --help` stays fast.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
import textwrap
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TextIO

from mle_toolbox import __distribution__, __version__
from mle_toolbox.errors import MLEToolboxError, did_you_mean, nearest
from mle_toolbox.text import broken

__all__ = ["generate_main", "main"]

_COMMANDS = {
    "init": "write a new project folder that runs at once",
    "run": "run an experiment, or only its missing seed runs, and show the results",
    "attach": "follow a run that is in the background or in another terminal",
    "status": "show which seed runs are done, running or failed",
    "watch": "show a running experiment live: seed runs, curves with intervals, failures",
    "doctor": "check this machine and its cluster, and run one job there",
    "stop": "stop an experiment that is running, here and in the queue of a cluster",
    "clean": "list the results that may be deleted; with --yes, delete them",
    "results": "show the table of results, compare configurations; also as CSV, LaTeX, Markdown or JSON",
    "import": "make a results folder from logs of other tools: TensorBoard, CSV, W&B, MLflow, …",
    "export": "write a search as a study that Optuna and its dashboard open",
    "logs": "print what a seed run wrote to stdout and stderr",
    "diff": "show what differs between two seed runs: configuration, code, packages, machine",
    "code": "list the code that a seed run used, or extract it to run it again",
    "plot": "draw learning curves, final values, comparisons, heat maps and more as PNG, SVG or PDF",
    "report": "write one HTML file with everything that was run and its results",
    "keys": "print the keys of the experiment file and of configurations, with their meaning",
    "completion": "print the script that makes a shell complete these commands",
    "generate": "write the Snakefile and the profiles (the same as mle-gen-snakefile)",
}
# The machine's failures, not mistakes in the command: exit status 1 instead of 2.
_NOT_THE_USERS_MISTAKE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE, errno.EMFILE, errno.ENOMEM}
_MODULES = {"import": "import_logs"}  # a keyword of Python cannot name a module
# Commands of the original mle-toolbox, each with what does its work here.
_ELSEWHERE = {
    "monitor": "`mle status` shows which seed runs are done, running or failed, and `mle run` follows them.",
    "retrieve": "results are in the experiment_dir of the experiment file from the start; copy that folder (rsync -a) "
    "to have them on another machine.",
    "protocol": "there is no database of experiments: every results folder keeps its own record; `mle results DIR …` "
    "and `mle report DIR …` compare several.",
    "project": "`mle init FOLDER` writes a new project that runs at once.",
    "sync": "nothing is kept in a cloud: copy the results folder (rsync -a) to where you need it.",
}
_ELSEWHERE["sync-gcs"] = _ELSEWHERE["sync_gcs"] = _ELSEWHERE["sync"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mle`; returns the exit status."""
    if "_ARGCOMPLETE" in os.environ and arguments is None:
        return _complete()
    given = list(sys.argv[1:] if arguments is None else arguments)
    # As most tools of this kind: who does not know what to type sees what there is.
    given = given or ["--help"]
    command = next((each for each in given if not each.startswith("-")), None)
    if command in _ELSEWHERE:
        print(f"mle: {command!r} is a command of the original mle-toolbox. Here {_ELSEWHERE[command]}", file=sys.stderr)
        return 2
    if command is not None and command not in _COMMANDS:
        hint = did_you_mean(command, _COMMANDS) or f" The commands are {', '.join(_COMMANDS)}."
        print(f"mle: there is no command {command!r}.{hint}", file=sys.stderr)
        return 2
    for_snakemake: list[str] = []
    if command == "run" and "--" in given:
        # argparse would take the first word after `--` for the experiment file.
        given, for_snakemake = given[: given.index("--")], given[given.index("--") + 1 :]
    return _call(lambda: _parser(command, for_snakemake), _with_dashes(given))


def generate_main(arguments: Sequence[str] | None = None) -> int:
    """Run `mle-gen-snakefile`; returns the exit status."""
    return _call(_generate_parser, _with_dashes(list(sys.argv[1:] if arguments is None else arguments)))


def _with_dashes(words: Sequence[str]) -> list[str]:
    """Return the words with ``--long-options`` as the parser knows them; the original wrote ``--long_options``."""
    changed = []
    for word in words:
        name, equals, value = word.partition("=")
        changed.append(f"{name.replace('_', '-')}{equals}{value}" if name.startswith("--") else word)
    return changed


def _parser(command: str | None, for_snakemake: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mle",
        description="Run one training script under several configurations and many seeds.",
        epilog="`mle COMMAND --help` explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"{__distribution__} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, explanation in _COMMANDS.items():
        subparser = commands.add_parser(name, help=explanation, description=_sentence(explanation))
        if name == command:
            _prepare(name, subparser)
            subparser.set_defaults(for_snakemake=for_snakemake)
            parser.set_defaults(refuse=subparser)
    return parser


def _complete() -> int:
    """Answer a shell that asks for completions (argcomplete)."""
    from mle_toolbox.cli.completion import complete, words_so_far

    words = words_so_far()
    complete(_generate_parser() if words[:1] == ["mle-gen-snakefile"] else _parser((*words[1:], "")[0], []))
    return 0


def _sentence(words: str) -> str:
    # Not capitalize(), which makes "CSV" small.
    return words[0].upper() + words[1:] + ("" if words.endswith("…") else ".")


def _generate_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mle-gen-snakefile", description="Write the Snakefile and the profiles of an experiment file."
    )
    _prepare("generate", parser)
    return parser


def _prepare(command: str, parser: argparse.ArgumentParser) -> None:
    module = import_module(f"mle_toolbox.cli.{_MODULES.get(command, command)}")
    module.add_arguments(parser)
    from mle_toolbox.cli.examples import EXAMPLES

    width = max(map(len, EXAMPLES[command]))
    examples = [f"  {line.ljust(width)}  {meaning}" for line, meaning in EXAMPLES[command].items()]
    if 4 + width + max(map(len, EXAMPLES[command].values())) > 79:
        examples = [f"  {line}\n      {meaning}" for line, meaning in EXAMPLES[command].items()]
    # argparse would fill the lines of the examples as one paragraph; what it does to other text is done here.
    parser.description = textwrap.fill(parser.description or "", 79)
    more = [textwrap.fill(parser.epilog, 79, break_on_hyphens=False)] if parser.epilog else []
    parser.epilog = "\n".join(["examples:", *examples, *(["", *more] if more else [])])
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(call=module.call)


def _call(make_parser: Callable[[], argparse.ArgumentParser], given: list[str]) -> int:
    """Parse and call; the one place where an error becomes a line and an exit status."""
    try:
        # Inside the try, because this imports the command, which takes long enough for a Ctrl-C to arrive.
        parsed = _parse(make_parser(), given)
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            status: int = parsed.call(parsed)
        # Flushed here, so that a full disk or a closed pipe is reported like any other error. None after `>&-`.
        if sys.stdout is not None:
            sys.stdout.flush()
    except MLEToolboxError as error:
        _print_message(str(error))
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the pipe has left (`mle status | head`); 128 + SIGPIPE, as the shell reports it.
        return 141
    except OSError as error:
        # An unwritable folder, a full disk: the system's own message names the file, and a traceback adds nothing.
        _print_message(_os_error_text(error))
        return 1 if error.errno in _NOT_THE_USERS_MISTAKE else 2
    finally:
        _discard_unprinted_output()
    return status


def _parse(parser: argparse.ArgumentParser, given: Sequence[str]) -> argparse.Namespace:
    """Parse; words that nothing takes are refused under the usage of their command, not under that of `mle`."""
    parsed, left = parser.parse_known_args(given)
    if left:
        of_command = getattr(parsed, "refuse", parser)
        known = [each for action in of_command._actions for each in action.option_strings]
        # Without the dashes, which all of them have in common and which would make any two of them alike.
        options = {each.lstrip("-"): each for each in known}
        meant = nearest(left[0].partition("=")[0].lstrip("-"), options) if left[0].startswith("-") else None
        hint = f" Did you mean {options[meant]!r}?" if meant is not None else ""
        of_command.print_usage(sys.stderr)
        parser.exit(2, f"{parser.prog}: error: unrecognized arguments: {' '.join(left)}{'.' + hint if hint else ''}\n")
    return parsed


def _discard_unprinted_output() -> None:
    """Keep Python from flushing again at shutdown, where it prints its own message and exits with status 120."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_message(text: str) -> None:
    """Print what went wrong; a terminal gets it broken between words."""
    width = 0
    # stderr may be closed, or no terminal.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        width = os.get_terminal_size(sys.stderr.fileno()).columns
    print(broken(text, width) if width else text, file=sys.stderr)


def _os_error_text(error: OSError) -> str:
    what = error.strerror or str(error)
    # Of a failed rename the second name is the target; the first is a temporary file that means nothing to the user.
    name = error.filename2 or error.filename
    if name is not None:
        return f"{os.fsdecode(name)}: {what}."
    # No name and no such file: os.getcwd() in a folder that was deleted.
    if error.errno == errno.ENOENT:
        return "The current folder no longer exists. Change to another one."
    return f"Could not write the output: {what}."


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print our own warnings as plain sentences, and all others with the place that they come from."""
    # Those of this package, about damaged files, are UserWarnings and full sentences.
    words = f"{message}" if category is UserWarning else f"{filename}:{lineno}: {category.__name__}: {message}"
    _print_message(words)
