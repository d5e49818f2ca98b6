"""Packages that are asked for but not needed."""

import os
import sys
from pathlib import Path

import pytest

from traffic_monitor.inference import environment
from traffic_monitor.inference.environment import give_paddle_a_cache, prepare_environment, stubbed_imports


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


def test_paddle_keeps_its_files_elsewhere_where_there_is_no_home_to_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", "wanted")
    give_paddle_a_cache()
    assert os.environ["PADDLE_PDX_CACHE_HOME"] == "wanted"
    monkeypatch.delenv("PADDLE_PDX_CACHE_HOME")
    monkeypatch.setattr(environment.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    give_paddle_a_cache()
    assert "PADDLE_PDX_CACHE_HOME" not in os.environ
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    give_paddle_a_cache()
    assert Path(os.environ["PADDLE_PDX_CACHE_HOME"]).parent == tmp_path


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
