"""Vehicles, counting lines, zones and speeds: pure geometry and state."""
