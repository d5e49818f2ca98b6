"""How a source is shown and stored: without anything that may be a password.

Cameras take their passwords in the user part of a URL, in its query, or as ``name=value`` pairs in its path, often
unescaped. So what could be a secret is hidden, not what is known to be one.
"""

import re

HIDDEN = "***"

URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>.*)", re.DOTALL)
VALUE = re.compile(r"=[^&;]*")
"""The value of a parameter. It ends at the next parameter, not at a slash: passwords may hold slashes."""
CREDENTIALS_IN_PATH = re.compile(r"[^/]*:[^/]*")
"""A path segment such as ``admin:secret``."""


def describe_source(source: int | str | None) -> str:
    """The source as it may be shown and stored.

    A URL keeps scheme, host, port, path and the names of its parameters. User, password, values of parameters and
    the fragment become ``***``. Everything up to the last ``@`` counts as user and password, because an unescaped
    password may hold ``/``, ``?``, ``#`` and ``@``. File names and webcams are shown as they are.
    """
    url = URL.fullmatch(str(source))
    if url is None or url["scheme"].lower() == "file://":
        return str(source)
    _, at, address = url["rest"].rpartition("@")
    address, fragment, _ = address.partition("#")
    address, query, parameters = address.partition("?")
    host, slash, path = address.partition("/")
    path = CREDENTIALS_IN_PATH.sub(HIDDEN, VALUE.sub(f"={HIDDEN}", path))
    return "".join(
        [
            url["scheme"],
            f"{HIDDEN}@" if at else "",
            host,
            slash,
            path,
            f"?{_names_only(parameters)}" if query else "",
            f"#{HIDDEN}" if fragment else "",
        ]
    )


def _names_only(parameters: str) -> str:
    """A query without values; one without names is hidden whole."""
    return VALUE.sub(f"={HIDDEN}", parameters) if "=" in parameters else HIDDEN
