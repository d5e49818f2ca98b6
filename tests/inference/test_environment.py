"""Packages that are asked for but not needed."""

import sys

import pytest

from traffic_monitor.inference.environment import stubbed_imports


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
