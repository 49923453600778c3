"""What several tests share: copies of data/ that may be broken, and generated inputs that are the same in every run."""

import shutil

import pytest
from hypothesis import settings

from model import calibration, catalog, step_calibration

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("repeatable")


def forget_fits():
    """Empty what the fits keep between calls; they are kept by name, not by the folder that the rows came from."""
    for module in (calibration, step_calibration):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


@pytest.fixture
def refit():
    """Fits made in this test are made afresh, and none of them outlives it."""
    forget_fits()
    yield forget_fits
    forget_fits()


@pytest.fixture
def data(tmp_path, monkeypatch, refit):
    """A copy of data/, which the model reads from here on."""
    folder = tmp_path / "data"
    shutil.copytree(catalog.DATA, folder)
    monkeypatch.setattr(catalog, "DATA", folder)
    catalog._checked.cache_clear()
    yield folder
    catalog._checked.cache_clear()
