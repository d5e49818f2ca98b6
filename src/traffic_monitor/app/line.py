"""Draws lines, zones, masks and so on on a frame of the source, and writes them into the settings."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from traffic_monitor.app.frames import check_can_write, first_frame_of
from traffic_monitor.counting.plan import LISTS, POINTS_OF, Plan, Shape
from traffic_monitor.drawing.annotate import draw_text
from traffic_monitor.drawing.plan import draw_plan
from traffic_monitor.plates.hiding import hide_plate
from traffic_monitor.settings import DEFAULT_SETTINGS, AreaSettings, Settings, VehicleCounterSettings
from traffic_monitor.settings.editor import Keys, SettingsFileError, change_settings_file, read_settings_file
from traffic_monitor.settings.loader import ConfigError
from traffic_monitor.settings.section import Section
from traffic_monitor.shared_utils.custom_types import FrameMessage
from traffic_monitor.shared_utils.frame_codec import Image, decode_frame
from traffic_monitor.sinks.screen import area_of, fitted, resized, screen_size

WINDOW_TITLE = "Traffic Monitor: lines and areas"
HELP = (
    "L line  Z zone  I ignore  M mask  R speed rectangle   "
    "click: point   Enter: area done   N name   U undo   S save   Q leave"
)
SHAPE_KEYS = {
    ord("l"): Shape.LINE,
    ord("z"): Shape.ZONE,
    ord("i"): Shape.IGNORE,
    ord("m"): Shape.MASK,
    ord("r"): Shape.SPEED,
}
ENTER_KEYS = (10, 13)
ESCAPE_KEY = 27
BACKSPACE_KEYS = (8, 127)
TEXT_KEYS = range(32, 127)
"""OpenCV gives one byte for a key: letters beyond ASCII cannot be typed, only given with ``--name``."""
REDRAW_MS = 30

SAVED_KEYS = [
    *(("privacy" if shape is Shape.MASK else "vehicle_counter", key) for shape, key in LISTS.items()),
    ("vehicle_counter", "speed"),
]
"""Sections and keys of the settings that are drawn."""


def first_frame(settings: Settings) -> Image:
    """The first frame of the source, at the size the pipeline sees; without plates if the settings hide them.

    Raises:
        ServiceError: no frame came from it, or the model that finds vehicles cannot be loaded.
    """
    frame = first_frame_of(settings)
    image = decode_frame(frame["frame_data_jpeg"])
    if settings.privacy.blur_plates:
        _hide_plates(image, frame, settings)
    return image


def _hide_plates(image: Image, frame: FrameMessage, settings: Settings) -> None:
    from traffic_monitor.services.vehicle_detector import VehicleDetector  # brings the model's libraries along

    (found,) = VehicleDetector(settings).process(frame)
    for vehicle in found["detections"]:
        hide_plate(image, vehicle["bbox_xyxy"])


def write_still(image: Image, plan: Plan, target: Path) -> None:
    """Write the frame with its grid of coordinates and what is drawn on it.

    Raises:
        ConfigError: the picture cannot be written.
    """
    check_can_write(target)
    if not cv2.imwrite(str(target), draw_plan(image, plan)):
        raise ConfigError(f"{target}: the picture cannot be written there")


def edit_in_window(image: Image, plan: Plan, window_width: int) -> bool:
    """Let the user draw until they save or leave; whether they want it saved."""
    cv2.namedWindow(WINDOW_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
    shown = fitted((image.shape[1], image.shape[0]), area_of(0, 1, window_width, screen_size()))
    scale = image.shape[1] / shown[0]
    cv2.resizeWindow(WINDOW_TITLE, *shown)

    def on_mouse(event: int, x: int, y: int, _flags: int, _data: Any) -> None:
        if event == cv2.EVENT_LBUTTONDOWN:
            plan.click(round(x * scale), round(y * scale))

    try:
        cv2.imshow(WINDOW_TITLE, image)
        cv2.setMouseCallback(WINDOW_TITLE, on_mouse)
        while True:
            picture = resized(draw_plan(image, plan), shown)
            draw_text(picture, HELP, (0, 0))
            draw_text(picture, _status(plan), (0, shown[1]))
            cv2.imshow(WINDOW_TITLE, picture)
            key = cv2.waitKey(REDRAW_MS) & 0xFF
            is_typing = plan.typed is not None
            if key == ord("s") and not is_typing and not plan.unfinished:
                return True
            if (key == ord("q") and not is_typing) or cv2.getWindowProperty(
                WINDOW_TITLE, cv2.WND_PROP_VISIBLE
            ) < 1:
                return False
            (take_letter if is_typing else take_key)(plan, key)
    finally:
        cv2.destroyAllWindows()


def _status(plan: Plan) -> str:
    if plan.typed is not None:
        return f"name of the last {plan.shape.label}: {plan.typed}_   Enter: done   Esc: as it was"
    return plan.message or f"next: {plan.shape.label}"


def take_letter(plan: Plan, key: int) -> None:
    """Do what a key means while a name is typed."""
    typed = plan.typed or ""
    if key in ENTER_KEYS:
        plan.end_name()
    elif key == ESCAPE_KEY:
        plan.typed = None
    elif key in BACKSPACE_KEYS:
        plan.typed = typed[:-1]
    elif key in TEXT_KEYS:
        plan.typed = typed + chr(key)


def take_key(plan: Plan, key: int) -> None:
    """Do what a key of the window means for the plan."""
    if key == ord("s"):
        plan.message = plan.unfinished
    elif key == ord("n"):
        plan.begin_name()
    elif key in SHAPE_KEYS:
        plan.choose(SHAPE_KEYS[key])
    elif key == ord("u"):
        plan.undo()
    elif key in ENTER_KEYS and plan.shape not in POINTS_OF:
        plan.complete()


def check_can_save(settings: Settings, settings_file: Path) -> None:
    """Refuse to draw what could not be saved, or would be saved where it has no effect.

    Args:
        settings: as they were loaded, of all cameras.
        settings_file: where they will be saved.

    Raises:
        ConfigError: there is no such file, it cannot be changed, or the environment or the command line sets the
            lines.
    """
    if not settings_file.is_file():
        raise ConfigError(
            f"{settings_file}: there is no such settings file to save into; pass one with --config FILE"
        )
    try:
        tempfile.TemporaryFile(dir=settings_file.resolve().parent).close()  # Changing it makes a file beside it.
    except OSError as error:
        raise ConfigError(f"{settings_file}: lines cannot be saved into it: {error.strerror}") from None
    keys = ["cameras"] if settings.cameras else [f"{section}.{key}" for section, key in SAVED_KEYS]
    for key in keys:
        place = settings.origin_of(key)
        if place not in (str(settings_file), DEFAULT_SETTINGS):
            raise ConfigError(
                f"{place}: {key}: is stronger than {settings_file}, where lines are saved; take it out"
            )


def save_plan(
    counter: VehicleCounterSettings,
    masks: Sequence[AreaSettings],
    settings_file: Path,
    camera_id: str | None = None,
) -> None:
    """Write lines, areas, masks and speed rectangle into the settings file. Comments and what did not change stay.

    Args:
        counter: what to write.
        masks: the privacy masks to write.
        settings_file: an existing file.
        camera_id: one of the file's cameras; None: write them into the sections at the top.

    Raises:
        ConfigError: the file cannot be changed.
    """
    try:
        settings = read_settings_file(settings_file)
        place, camera = _place_of(settings, settings_file, camera_id)
        changes: dict[Keys, Any] = {}
        for section, key in SAVED_KEYS:
            wanted = masks if section == "privacy" else getattr(counter, key)
            common = (settings.get(section) or {}).get(key)
            own = (camera.get(section) or {}).get(key)
            written = _as_written(wanted, common if own is None else own)
            # An empty list or null is written only where something stood, and what a camera shares is not copied.
            if (written or own or common) and not (own is None and written == common):
                changes[(*place, section, key)] = written
        change_settings_file(settings_file, changes)
    except SettingsFileError as error:
        raise ConfigError(str(error)) from error


def _place_of(
    settings: Mapping[str, Any], settings_file: Path, camera_id: str | None
) -> tuple[Keys, Mapping[str, Any]]:
    """Where the file has the sections of a camera, and what stands there."""
    if camera_id is None:
        return (), settings
    for number, camera in enumerate(settings.get("cameras") or []):
        if str(camera["camera_id"]) == camera_id:
            return ("cameras", number), camera
    raise SettingsFileError(f"{settings_file} has no camera {camera_id}")


def _as_written(wanted: Sequence[Section] | Section | None, written: Any) -> Any:
    """A setting as YAML values; what the file holds already is given as it stands there."""
    if wanted is None:
        return None
    if isinstance(wanted, Section):
        return _shape_as_written(wanted, [written])
    return [_shape_as_written(each, written or []) for each in wanted]


def _shape_as_written(shape: Section, written: Sequence[Any]) -> Any:
    return next(
        (each for each in written if each is not None and type(shape).model_validate(each) == shape),
        shape.model_dump(mode="json", exclude_defaults=True),
    )
