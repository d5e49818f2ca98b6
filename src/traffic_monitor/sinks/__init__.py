"""Where annotated frames go: a window, a video file."""
