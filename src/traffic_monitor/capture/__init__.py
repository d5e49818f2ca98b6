"""Where frames come from: video files, webcams and network streams."""
