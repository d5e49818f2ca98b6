"""The seven services, one module each: a class with `process(message)` and its process entry point."""
