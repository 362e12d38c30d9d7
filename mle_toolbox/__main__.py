"""Where `mle`, `python -m mle_toolbox` and `mle-gen-snakefile` begin.

Before anything else is imported: what they need is not looked for in the folder in which they are typed.
"""

import sys

from mle_toolbox.installed_first import prefer_installed

__all__ = ["generate_main", "main"]


def main() -> int:
    """Run `mle`; returns the exit status."""
    prefer_installed()
    from mle_toolbox import cli

    return cli.main()


def generate_main() -> int:
    """Run `mle-gen-snakefile`; returns the exit status."""
    prefer_installed()
    from mle_toolbox import cli

    return cli.generate_main()


if __name__ == "__main__":
    sys.exit(main())
