"""Counting lines and crossings: pure geometry and state."""
