"""Drawing results onto a frame."""
