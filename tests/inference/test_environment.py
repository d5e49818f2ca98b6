"""Packages that are asked for but not needed."""

import sys

import pytest

from traffic_monitor.inference.environment import left_out


def test_a_package_is_left_out_only_inside() -> None:
    with left_out("wave"):
        import wave

        assert not hasattr(wave, "open")
    import wave

    assert hasattr(wave, "open")


def test_a_package_that_is_there_already_stays() -> None:
    with left_out("pytest"):
        assert sys.modules["pytest"] is pytest
    assert sys.modules["pytest"] is pytest
