"""Two examples of each command, for its ``--help``."""

from __future__ import annotations

__all__ = ["EXAMPLES"]

EXAMPLES: dict[str, dict[str, str]] = {
    "init": {
        "mle init first": "a new folder that runs at once",
        "mle init": "the same files here",
    },
    "run": {
        "mle run exp.yaml": "on the cluster if there is one, else here",
        "mle run --cores 4 --only 'adam*' --seeds 0-4": "some seed runs, here, on at most four cores",
    },
    "attach": {
        "mle attach": "the run of exp.yaml that is in the background",
        "mle attach experiments": "that of a results folder",
    },
    "clean": {
        "mle clean": "what may be deleted, and how large it is",
        "mle clean --what earlier --yes": "delete the results from before edits",
    },
    "status": {
        "mle status": "of the experiment of exp.yaml",
        "mle status experiments --json": "of a results folder, for a program",
    },
    "watch": {
        "mle watch": "the experiment of exp.yaml, whether or not a driver is alive",
        "mle watch experiments --picture screen.svg": "a picture of the screen of a results folder",
    },
    "doctor": {
        "mle doctor": "this machine, its cluster, and one job there",
        "mle doctor exp.yaml --no-job": "what this experiment needs, without a job",
    },
    "stop": {
        "mle stop": "the experiment of exp.yaml",
        "mle stop adam 0-4": "some seed runs; the others go on",
    },
    "results": {
        "mle results --metric loss --compare": "one metric, and all others compared with the best",
        "mle results --output table.tex": "the table for a paper",
    },
    "import": {
        "mle import runs --pattern '{env}__{algo}__{seed}/*' --task env": "TensorBoard logs, a folder each",
        "mle import logs --kind csv --output imported": "CSV files",
    },
    "export": {
        "mle export optuna": "the search of exp.yaml, into its results folder",
        "mle export optuna experiments -o study.log": "that of a results folder, into this file",
    },
    "logs": {
        "mle logs adam 3": "what seed 3 of adam wrote",
        "mle logs adam --tail 20": "the last lines of the seed that failed, or ran last",
    },
    "diff": {
        "mle diff adam/0 adam/1": "two seeds of this experiment",
        "mle diff older:adam/0 adam/0": "the same run in the results folder older",
    },
    "code": {
        "mle code adam/0": "the files that it ran",
        "mle code adam/0 --extract again": "a folder in which it can be run again",
    },
    "plot": {
        "mle plot --metric loss": "learning curves",
        "mle plot --kind final --kind curve --output '{kind}.pdf'": "two figures for a paper",
    },
    "report": {
        "mle report --open": "the page of exp.yaml, in the browser",
        "mle report experiments ../older/experiments --output both.html": "two experiments on one page",
    },
    "keys": {
        "mle keys": "all keys of the experiment file",
        "mle keys single_job_args log_config": "those of two sections",
    },
    "completion": {
        "mle completion bash": 'for ~/.bashrc: eval "$(mle completion bash)"',
        "mle completion zsh": "the same for ~/.zshrc",
    },
    "generate": {
        "mle generate exp.yaml": "the Snakefile and the profiles beside it",
        "mle generate exp.yaml --check": "say what would change, and write nothing",
    },
}
