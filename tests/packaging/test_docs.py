"""The documentation builds without a warning, needs no network, and names every key of the schemas."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a browser fetches when it opens a page; links that a reader may follow are not meant.
FETCHED = re.compile(r"""<(?:script|img|iframe|source)[^>]*\bsrc=["']?([^"' >]+)|<link\b([^>]*)>""")


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=repository,
        check=True,
    )
    return folder


def fetched_addresses(html: str) -> Iterator[str]:
    for source, link in FETCHED.findall(html):
        if source:
            yield source
        elif "canonical" not in link:
            yield from re.findall(r"""href=["']?([^"' >]+)""", link)


def keys_of(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, rules in {**schema.get("properties", {}), **schema.get("$defs", {})}.items():
        if name in schema.get("properties", {}):
            yield name
        yield from keys_of(rules)


def test_every_page_of_the_navigation_is_built(site: Path) -> None:
    pages = {path.stem for path in site.glob("*.html")}

    assert {"index", "getting-started", "experiment-file", "training-script", "results", "architecture"} <= pages


def test_pages_fetch_nothing_from_elsewhere(site: Path) -> None:
    elsewhere = {
        address
        for page in site.rglob("*.html")
        for address in fetched_addresses(page.read_text(encoding="utf-8"))
        if re.match(r"(?:\w+:)?//", address)
    }

    assert elsewhere == set()


@pytest.mark.parametrize("name", ["experiment", "configuration"])
def test_every_key_of_a_schema_is_explained(repository: Path, site: Path, name: str) -> None:
    schema = yaml.safe_load((repository / f"workflow/schemas/{name}.schema.yaml").read_text(encoding="utf-8"))
    page = (site / "experiment-file.html").read_text(encoding="utf-8")

    missing = [key for key in keys_of(schema) if f"<code>{key}</code>" not in page and f'id="{key}"' not in page]

    assert missing == []


def test_no_placeholder_is_left(site: Path) -> None:
    left = [page.name for page in site.glob("*.html") if "{{ keys" in page.read_text(encoding="utf-8")]

    assert left == []


@pytest.fixture(scope="module")
def project_with_results(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of `mle init` after its first `mle run`; the documentation reads its results."""
    project = tmp_path_factory.mktemp("docs") / "demo"
    shutil.copytree(repository / "mle_toolbox" / "templates" / "project", project)
    subprocess.run(
        [sys.executable, "-m", "mle_toolbox", "run", "exp.yaml"], cwd=project, check=True, capture_output=True
    )
    return project


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md", "docs/results.md", "docs/figures.md"])
def test_the_python_that_reads_results_works(repository: Path, project_with_results: Path, page: str) -> None:
    blocks = PYTHON_BLOCK.findall((repository / page).read_text(encoding="utf-8"))
    code = "\n".join(block for block in blocks if "MLExperiment" not in block)

    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=project_with_results, capture_output=True, text=True
    )

    assert "load(" in code
    assert finished.returncode == 0, finished.stderr
