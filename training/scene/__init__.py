"""Synthetic road-camera scenes with exact ground truth, rendered by Blender's Cycles as a Python module."""
