"""Seeds the random number generators of a run, and saves and restores their states.

No library is imported for this, which would slow down every script that does not use it: one that the script has
imported is seeded at once, any other at the end of its import.
"""

from __future__ import annotations

from typing import Any

from mle_toolbox.errors import MissingExtraError
from mle_toolbox.experiment.after_import import loaded, when_imported
from mle_toolbox.installed_first import installed_modules, is_of_user, with_installed_modules

__all__ = [
    "make_rng",
    "random_states",
    "restore_random_states",
    "rng_from_state",
    "rng_state",
    "seed_everything",
]


def seed_everything(seed: int) -> None:
    """Seed Python's and numpy's global generators, and torch on all devices with deterministic algorithms."""
    # A random.py of the script's own hides Python's, and has no seed().
    when_imported("random", lambda module: None if is_of_user("random", module) else module.seed(seed))
    when_imported("numpy.random", lambda module: module.seed(seed))
    when_imported("torch", lambda module: _seed_torch(module, seed))


@with_installed_modules
def make_rng(seed: int, *, jax_key: bool) -> Any:
    """Return ``numpy.random.default_rng(seed)``, or ``jax.random.PRNGKey(seed)``.

    Raises
    ------
    MissingExtraError
        When a key is requested and jax is not installed.
    """
    if not jax_key:
        import numpy as np

        return np.random.default_rng(seed)
    try:
        import jax
    except ImportError as error:
        raise MissingExtraError(f"create_jax_prng=True needs jax ({error}). Install it: pip install jax") from None
    return jax.random.PRNGKey(seed)


def random_states() -> dict[str, Any]:
    """Return the states of all generators that ``seed_everything`` seeds, as data that can be pickled."""
    states: dict[str, Any] = {}
    if (python_random := loaded("random")) is not None and not is_of_user("random", python_random):
        states["python"] = python_random.getstate()
    if (numpy_random := loaded("numpy.random")) is not None:
        states["numpy"] = numpy_random.get_state()
    if (torch := loaded("torch")) is not None:
        states["torch"] = torch.get_rng_state()
        if torch.cuda.is_available():
            states["torch.cuda"] = torch.cuda.get_rng_state_all()
    return states


def restore_random_states(states: dict[str, Any]) -> None:
    """Set all generators to the states returned by ``random_states``."""
    if "python" in states:
        with installed_modules():
            import random

        random.setstate(states["python"])
    if "numpy" in states:
        import numpy as np

        np.random.set_state(states["numpy"])
    if "torch" in states:
        import torch  # the interrupted run had imported it, so this one will, too

        torch.set_rng_state(states["torch"])
        if "torch.cuda" in states and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(states["torch.cuda"])


def rng_state(rng: Any) -> Any:
    """Return the state of a generator or key as made by ``make_rng`` (or of a later key), as plain data."""
    if rng is None or not hasattr(rng, "dtype"):
        return rng
    import jax
    import numpy as np

    if jax.dtypes.issubdtype(rng.dtype, jax.dtypes.prng_key):
        return _JaxKey(np.asarray(jax.random.key_data(rng)), str(jax.random.key_impl(rng)))
    return _JaxKey(np.asarray(rng), None)


def rng_from_state(state: Any) -> Any:
    """Return the generator or key from its ``rng_state``."""
    if not isinstance(state, _JaxKey):
        return state
    import jax

    return jax.random.wrap_key_data(state.data, impl=state.kind) if state.kind else jax.numpy.asarray(state.data)


class _JaxKey:
    """A jax key as plain data, so that a checkpoint can be read without jax."""

    def __init__(self, data: Any, kind: str | None) -> None:
        self.data, self.kind = data, kind


def _seed_torch(torch: Any, seed: int) -> None:
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
