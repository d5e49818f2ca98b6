"""What every service stands on: messages, settings, the service loop, transport, codec, logging."""
