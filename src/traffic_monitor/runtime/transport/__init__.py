"""How messages travel between services: edges with their drop policies, and what carries them."""

from traffic_monitor.runtime.transport.edges import (
    IDLE_POLL_S,
    RETRY_FULL_S,
    DropPolicy,
    FanIn,
    MessageQueue,
    MessageSource,
    Outgoing,
    Output,
    Prefetch,
    PreparationError,
)
from traffic_monitor.runtime.transport.multiprocess import (
    PIPE_BYTES,
    MultiprocessingTransport,
    abandon_unsent,
    discard_oldest,
    widen_pipe,
)

__all__ = [
    "IDLE_POLL_S",
    "PIPE_BYTES",
    "RETRY_FULL_S",
    "DropPolicy",
    "FanIn",
    "MessageQueue",
    "MessageSource",
    "MultiprocessingTransport",
    "Outgoing",
    "Output",
    "Prefetch",
    "PreparationError",
    "abandon_unsent",
    "discard_oldest",
    "widen_pipe",
]
