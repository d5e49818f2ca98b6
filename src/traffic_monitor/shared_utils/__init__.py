"""What all rooms share: messages, constants, frame codec, clock, logging."""
