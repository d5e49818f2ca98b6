"""BoxMOT trackers behind one small interface."""
