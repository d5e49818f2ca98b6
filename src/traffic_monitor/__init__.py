"""Traffic Monitor: counts vehicles and reads plates in a video file or a camera."""

__version__ = "0.1.0"
