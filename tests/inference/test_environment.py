"""Packages that are asked for but not needed."""

import os
import sys
from pathlib import Path

import pytest

from traffic_monitor.inference import environment
from traffic_monitor.inference.environment import prepare_environment, stubbed_imports


def test_libraries_are_prepared_also_where_nothing_temporary_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YOLO_CONFIG_DIR", raising=False)
    monkeypatch.setattr(environment.tempfile, "tempdir", str(tmp_path / "gone"))
    prepare_environment()
    assert "YOLO_CONFIG_DIR" not in os.environ
    monkeypatch.setattr(environment.tempfile, "tempdir", str(tmp_path))
    prepare_environment()
    assert Path(os.environ["YOLO_CONFIG_DIR"]).parent == tmp_path


def test_a_package_is_left_out_only_inside() -> None:
    with stubbed_imports("wave"):
        import wave

        assert vars(wave.Wave_read()) == {}
    import wave

    assert wave.Wave_read.__module__ == "wave"


def test_modules_of_a_package_that_is_left_out_and_what_they_offer_are_empty() -> None:
    with stubbed_imports("xmlrpc"):
        import xmlrpc.client
        from xmlrpc import server

        class Mine(xmlrpc.client.ServerProxy):
            pass

        assert vars(server.SimpleXMLRPCServer(("", 0), allow_none=True)) == vars(Mine("http")) == {}
    assert not [name for name in sys.modules if name.startswith("xmlrpc")]


def test_a_package_that_is_there_already_stays() -> None:
    with stubbed_imports("pytest"):
        assert sys.modules["pytest"] is pytest
    assert sys.modules["pytest"] is pytest
