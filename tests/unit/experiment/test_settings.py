from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.experiment.settings import MissingSettingError, Settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture
def settings() -> Settings:
    """A section as it comes out of a file."""
    content = {"learning_rate": 0.1, "optimizer": {"name": "adam", "betas": [{"value": 0.9}]}, "items": 3}
    return Settings(content, "train_config", "ode/config.json")


def test_entries_are_attributes_and_items(settings: Settings) -> None:
    assert settings.learning_rate == settings["learning_rate"] == 0.1
    assert settings.optimizer.betas[0].value == settings["optimizer"]["betas"][0]["value"] == 0.9


def test_a_section_is_a_mapping(settings: Settings) -> None:
    assert "learning_rate" in settings
    assert "momentum" not in settings
    assert list(settings) == list(settings.keys()) == ["learning_rate", "optimizer", "items"]
    assert dict(settings)["learning_rate"] == {**settings}["learning_rate"] == 0.1
    assert settings.get("momentum", 0.9) == 0.9
    assert len(settings) == 3


def test_entry_named_like_a_method_is_reached_as_item(settings: Settings) -> None:
    assert settings["items"] == 3
    assert ("items", 3) in settings.items()


def test_entries_can_be_added_changed_and_deleted(settings: Settings) -> None:
    settings.momentum = 0.9
    settings["device"] = {"kind": "cpu"}
    settings.optimizer.name = "sgd"
    del settings.learning_rate
    del settings["items"]

    assert settings.device.kind == "cpu"
    assert settings.to_dict() == {
        "optimizer": {"name": "sgd", "betas": [{"value": 0.9}]},
        "momentum": 0.9,
        "device": {"kind": "cpu"},
    }


@pytest.mark.parametrize("missing", [lambda s: s.learning_rte, lambda s: s["learning_rte"]])
def test_missing_name_says_section_file_and_nearest(settings: Settings, missing: Any) -> None:
    message = r"^train_config has no 'learning_rte' \(ode/config.json\). Did you mean 'learning_rate'\?$"

    with pytest.raises(AttributeError, match=message):
        missing(settings)
    with pytest.raises(KeyError, match=message):
        missing(settings)


def test_missing_name_in_a_section_inside_says_where(settings: Settings) -> None:
    with pytest.raises(MissingSettingError, match=r"^train_config.optimizer has no 'nam' .* Did you mean 'name'\?$"):
        _ = settings.optimizer.nam
    with pytest.raises(MissingSettingError, match=r"^train_config has no 7"):
        _ = settings[7]  # type: ignore[index]
    with pytest.raises(MissingSettingError, match=r"^train_config has no 'gone'"):
        del settings.gone


def test_hasattr_and_getattr_work_as_for_any_object(settings: Settings) -> None:
    assert hasattr(settings, "learning_rate")
    assert not hasattr(settings, "momentum")
    assert getattr(settings, "momentum", None) is None


def test_completion_knows_the_entries(settings: Settings) -> None:
    assert {"learning_rate", "optimizer", "get"} <= set(dir(settings))


def test_repr_shows_the_entries(settings: Settings) -> None:
    del settings["optimizer"]

    assert repr(settings) == "train_config(learning_rate=0.1, items=3)"


def test_a_section_does_not_change_what_it_was_made_from() -> None:
    content = {"layers": [{"width": 64}]}

    settings = Settings(content)
    settings.layers[0].width = 32
    settings.layers.append(1)

    assert content == {"layers": [{"width": 64}]}


@given(content=st.dictionaries(st.text(), JSON))
@pytest.mark.slow
def test_round_trips_keep_everything(content: dict[str, Any]) -> None:
    settings = Settings(content)

    assert settings.to_dict() == content
    assert json.loads(json.dumps(settings.to_dict())) == content
    assert pickle.loads(pickle.dumps(settings)) == copy.deepcopy(settings) == copy.copy(settings) == settings


def test_deep_copy_is_independent(settings: Settings) -> None:
    twin = copy.deepcopy(settings)
    twin.optimizer.name = "sgd"

    assert settings.optimizer.name == "adam"
