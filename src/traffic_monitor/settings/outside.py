"""Which shapes of the settings lie beside the picture, once its size is known."""

from collections.abc import Iterator, Sequence

from traffic_monitor.settings.root import Settings
from traffic_monitor.settings.shapes import AreaSettings
from traffic_monitor.settings.vehicle_counter import LineSettings, SpeedSettings, ZoneSettings


def shapes_outside(camera: Settings, width: int, height: int) -> Iterator[tuple[str, str]]:
    """The key of each shape that lies wholly outside a frame, and what to say of it; nothing for the others.

    Args:
        camera: the settings of one camera.
        width, height: of the frame in pixels.
    """
    counter = camera.vehicle_counter
    shapes: list[tuple[str, str, Sequence[LineSettings | ZoneSettings | AreaSettings | SpeedSettings]]] = [
        ("vehicle_counter.lines", "line", counter.lines),
        ("vehicle_counter.zones", "zone", counter.zones),
        ("vehicle_counter.ignore", "an area", counter.ignore),
        ("vehicle_counter.speed", "the rectangle", [counter.speed] if counter.speed else []),
        ("privacy.masks", "a mask", camera.privacy.masks),
    ]
    for key, kind, items in shapes:
        for item in items:
            points = [] if item.units == "fraction" else item.points
            if points and (all(x >= width for x, _ in points) or all(y >= height for _, y in points)):
                name = f"{kind} '{item.name}'" if isinstance(item, LineSettings | ZoneSettings) else kind
                yield key, f"{name} is outside the frame of {width} x {height} pixels"
