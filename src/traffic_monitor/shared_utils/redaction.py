"""URLs as they may be shown and stored: without anything that may be a password, alone and inside other text.

Cameras take their passwords in the user part of a URL, in its query, or as ``name=value`` pairs in its path, often
unescaped. So what could be a secret is hidden, not what is known to be one.
"""

import re

HIDDEN = "***"

URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>.*)", re.DOTALL)
URL_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]*[^\s'\".,:;)]")
"""A URL in a sentence or in a library's message, without the mark that may follow it."""
VALUE = re.compile(r"=[^&;]*")
"""The value of a parameter. It ends at the next parameter, not at a slash: passwords may hold slashes."""
CREDENTIALS_IN_PATH = re.compile(r"[^/]*:[^/]*")
"""A path segment such as ``admin:secret``."""

AMBIGUOUS = re.compile(r"[/?#@]")
"""Characters that end a URL's user part, or its host, unless they are percent-encoded."""

_known: set[str] = set()
"""URLs whose exact text is hidden wherever it turns up, also if it holds spaces and quotes."""


def hide_url(url: str) -> str:
    """A URL as it may be shown and stored; other text as it is.

    It keeps scheme, host, port, path and the names of its parameters. User, password, values of parameters and the
    fragment become ``***``. Everything up to the last ``@`` counts as user and password, because an unescaped
    password may hold ``/``, ``?``, ``#`` and ``@``.
    """
    parts = URL.fullmatch(url)
    if parts is None or parts["scheme"].lower() == "file://":
        return url
    _, at, address = parts["rest"].rpartition("@")
    address, fragment, _ = address.partition("#")
    address, query, parameters = address.partition("?")
    host, slash, path = address.partition("/")
    path = CREDENTIALS_IN_PATH.sub(HIDDEN, VALUE.sub(f"={HIDDEN}", path))
    return "".join(
        [
            parts["scheme"],
            f"{HIDDEN}@" if at else "",
            host,
            slash,
            path,
            f"?{_names_only(parameters)}" if query else "",
            f"#{HIDDEN}" if fragment else "",
        ]
    )


def hide_urls(text: str) -> str:
    """Text with the secrets of all URLs in it hidden: those that were remembered, and all that can be made out."""
    for url in _known:
        text = text.replace(url, hide_url(url))
    return URL_IN_TEXT.sub(lambda found: hide_url(found[0]), text) if "://" in text else text


def remember_url(url: str) -> None:
    """Have :func:`hide_urls` of this process know a URL; for a source, before anything can fail with it."""
    if hide_url(url) != url:
        _known.add(url)


def has_ambiguous_credentials(url: str) -> bool:
    """Whether user or password of a URL hold characters that must be percent-encoded."""
    parts = URL.fullmatch(url)
    credentials, at, _ = parts["rest"].rpartition("@") if parts else ("", "", "")
    return bool(at) and AMBIGUOUS.search(credentials) is not None


def _names_only(parameters: str) -> str:
    """A query without values; one without names is hidden whole."""
    return VALUE.sub(f"={HIDDEN}", parameters) if "=" in parameters else HIDDEN
