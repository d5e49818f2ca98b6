"""The one error that ends a service with a sentence instead of a traceback."""


class ServiceError(RuntimeError):
    """The service cannot go on. The message is one line for people: what is wrong, where, what to do."""
