"""The folders of rules, scripts, profiles and schemas: beside the package in a checkout, inside it in a wheel.

No other code knows the difference. The four folders have the same relative positions in both, so relative paths between
them work.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["bundle_dir", "profiles_dir", "schemas_dir", "scripts_dir", "workflow_dir"]


def bundle_dir() -> Path:
    """Return the folder that holds ``workflow rules scripts profiles``."""
    package = Path(__file__).resolve().parent
    # Only a wheel has this folder (pyproject.toml copies the real ones into it).
    installed = package / "_bundle"
    return installed if installed.is_dir() else package.parent


def workflow_dir() -> Path:
    """Return the folder of ``main.smk``."""
    return bundle_dir() / "workflow"


def schemas_dir() -> Path:
    """Return the folder of the JSON Schemas."""
    return bundle_dir() / "workflow" / "schemas"


def scripts_dir() -> Path:
    """Return the folder of the scripts that rules start."""
    return bundle_dir() / "scripts"


def profiles_dir() -> Path:
    """Return the folder of the profiles that the generator copies into a project."""
    return bundle_dir() / "profiles"
