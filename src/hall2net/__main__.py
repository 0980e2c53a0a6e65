"""The command `hall2net`: what stands before and beside a run of the workflow."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hall2net.errors import Hall2netError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand in the project's folder; the exit code is 1 where the input is bad.

    Parameters
    ----------
    arguments : of the command line, without the program's name; those it was called with if None
    """
    parser = argparse.ArgumentParser(prog="hall2net", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    init = commands.add_parser("init", help="draft a study from a folder of instrument files")
    init.add_argument("name", help="of the study: a-z, 0-9 and _")
    init.add_argument("folder", type=Path, help="where the instrument files are")
    init.add_argument(
        "--preview",
        action="store_true",
        help="only draw every file on one page, <name>-preview.html",
    )
    init.set_defaults(run=_init)
    check = commands.add_parser("check", help="every problem of config and sheets at once")
    check.add_argument("study", nargs="?", help="the only study that is checked; else all are")
    check.add_argument("--config", type=Path, default=Path("config.yaml"), metavar="FILE")
    check.set_defaults(run=_check)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except Hall2netError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        return 1
    return 0


# Each command imports what it needs: the others start at once.
def _init(chosen: argparse.Namespace) -> None:
    from hall2net.study.draft import draft_study, preview_study

    made = preview_study if chosen.preview else draft_study
    print(made(chosen.name, chosen.folder, Path.cwd()))


def _check(chosen: argparse.Namespace) -> None:
    from hall2net.study.check import check_project

    print(check_project(Path(), chosen.config, chosen.study))


if __name__ == "__main__":
    sys.exit(main())
