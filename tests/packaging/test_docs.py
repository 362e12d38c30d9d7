"""The documentation builds without a warning, needs no network, and names every key of the schemas."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

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
