"""Plate geometry, plate text, reading schedule and consensus: pure."""
