"""Where the commands `mle` and `mle-gen-snakefile` begin: outside of ``mle_toolbox``.

That package has the name of the original mle-toolbox's. Where both are installed in one environment, and this one in
editable mode, Python finds the original's; then nothing in ``mle_toolbox`` is ours, and only this module can say so.
"""

import sys

__all__ = ["generate_main", "main"]


def main() -> int:
    """Run `mle`; returns the exit status."""
    return _run("main")


def generate_main() -> int:
    """Run `mle-gen-snakefile`; returns the exit status."""
    return _run("generate_main")


def _run(name: str) -> int:
    try:
        import mle_toolbox.__main__ as ours
    except ImportError as error:
        text = str(error) if "mle-toolbox-snakemake" in str(error) else _about_the_original()
        if text is None:
            raise
        print(text, file=sys.stderr)
        return 1
    return int(getattr(ours, name)())


def _about_the_original() -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("mle-toolbox")
    except PackageNotFoundError:
        return None
    python = sys.executable
    return (
        f"Python finds the package mle_toolbox of the original mle-toolbox {found}, and not that of "
        "mle-toolbox-snakemake, in whose environment it is installed too. Keep one: "
        f"{python} -m pip uninstall -y mle-toolbox && {python} -m pip install --force-reinstall --no-deps PATH, where "
        "PATH is the clone or the wheel of mle-toolbox-snakemake. Or install each into an environment of its own."
    )
