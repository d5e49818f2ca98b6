"""The command line: ``run``, ``bench``, ``check``, ``line``, ``slit``, ``weights fetch``; others are added."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from traffic_monitor import __version__
from traffic_monitor.app import line as line_tool
from traffic_monitor.app.check import check_machine, check_settings
from traffic_monitor.app.console import error_console, wide_console
from traffic_monitor.app.options import refuse_repeated_options, with_command
from traffic_monitor.app.records_cli import ConfigOption, add_records_commands
from traffic_monitor.app.run import run_and_record, shown_source
from traffic_monitor.app.status_cli import status
from traffic_monitor.app.weights import FetchError, fetch_official_weights, use_for_vehicles
from traffic_monitor.counting.plan import Plan, Shape
from traffic_monitor.records.database import DatabaseError
from traffic_monitor.settings import CameraPrivacySettings, DisplayMode, Settings
from traffic_monitor.settings.loader import DEFAULT_CONFIG, ConfigError, load_settings
from traffic_monitor.shared_utils.constants import PROGRAM, ExitCode
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.logging_config import LogTarget, configure_logging
from traffic_monitor.shared_utils.printable import printable
from traffic_monitor.sinks.window import missing_screen_reason

app = typer.Typer(
    add_completion=False,
    help="Detects, tracks and counts vehicles and reads their plates, in a video file or a camera.",
    pretty_exceptions_enable=False,
)
weights_app = typer.Typer(help="Weights from elsewhere.", no_args_is_help=True)
app.add_typer(weights_app, name="weights")
add_records_commands(app)
app.command()(status)
output = wide_console()
errors = error_console()

SourceOption = Annotated[str | None, typer.Option(help="Video file, webcam index or URL.")]
CameraOption = Annotated[str | None, typer.Option(help="One of the settings' cameras, by its camera_id.")]
SetOption = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="Any setting; may be repeated.")]


def run_command_line(arguments: Sequence[str]) -> int:
    """Run the program with these arguments and return its exit code. ``run`` is the default command."""
    try:
        app(with_command(app, arguments), prog_name=PROGRAM)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.OK
    except (ConfigError, DatabaseError) as error:
        return _explain(str(error))
    except sqlite3.Error as error:
        return _explain(f"the records cannot be read: {error}")
    except OSError as error:
        where = f"{printable(str(error.filename))}: " if error.filename is not None else ""
        return _explain(f"{where}{error.strerror or error}")
    return ExitCode.OK


def _explain(message: str) -> ExitCode:
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    return ExitCode.USAGE


@app.callback(invoke_without_command=True)
def _common(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        output.print(f"{PROGRAM} {__version__}", highlight=False)


@app.command()
def run(
    source: SourceOption = None,
    config: ConfigOption = None,
    output_dir: Annotated[Path | None, typer.Option("--output", help="Folder for the run's folder.")] = None,
    display: Annotated[DisplayMode | None, typer.Option(help="Live window.")] = None,
    save_video: Annotated[bool | None, typer.Option(help="Write annotated.mp4.")] = None,
    camera: CameraOption = None,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default and never changes it
) -> None:
    """Watch a source, or several cameras, until it ends or is stopped, and write down what was found."""
    settings = _load(config, overrides, _options(source, output_dir, display, save_video), camera)
    _refuse_problems(settings)
    from traffic_monitor.capture.sources import with_recordings_as_files

    raise typer.Exit(run_and_record(with_recordings_as_files(settings), output, errors))


@app.command()
def check(
    source: SourceOption = None,
    config: ConfigOption = None,
    camera: CameraOption = None,
    overrides: SetOption = [],  # noqa: B006
) -> None:
    """Check settings, weights, packages, cameras and screen, and say what is fine and what is not."""
    configure_logging("check", LogTarget(None), console_level="ERROR")  # What is wrong stands in the table.
    settings = _load(config, overrides, _options(source, None, None, None), camera)
    checks = [*check_settings(settings), *check_machine(settings)]
    table = Table("", "what", "result")
    for item in checks:
        table.add_row(
            "[green]ok[/]" if item.ok else "[red]no[/]", Text(item.subject), Text(printable(item.message))
        )
    output.print(table)
    raise typer.Exit(ExitCode.OK if all(item.ok for item in checks) else ExitCode.USAGE)


@app.command()
def bench(
    source: SourceOption = None,
    config: ConfigOption = None,
    weights: Annotated[Path | None, typer.Option(help="Vehicle model; default: that of the settings.")] = None,
    to: Annotated[Path, typer.Option(help="Files to write, without ending: a .json and a .png.")] = Path("bench"),
    save_video: Annotated[bool, typer.Option(help="Write the annotated video as well.")] = False,
    camera: CameraOption = None,
    overrides: SetOption = [],  # noqa: B006
) -> None:
    """Run a source, or several cameras, without a window and measure what each service costs and waits for."""
    from traffic_monitor.app import bench as measuring

    options = _options(source, None, DisplayMode.OFF, save_video)
    if weights is not None:
        options["vehicle_detector"] = {"model_path": weights}
    settings = _load(config, overrides, options, camera)
    _refuse_problems(settings)
    if not to.parent.is_dir():
        raise ConfigError(f"--to: {to}: cannot be written: the folder does not exist")
    configure_logging("bench", LogTarget(None), console_level="WARNING")
    measured = measuring.measure_run(settings, ", ".join(map(shown_source, settings.each_camera())))
    for table in measuring.as_tables(measured):
        output.print(table)
    try:
        for path in measuring.write_measurement(measured, to):
            output.print(str(path), highlight=False, soft_wrap=True, markup=False)
    except OSError as error:
        raise ConfigError(f"--to: {to}: cannot be written: {error}") from None
    if measured.exit_reason.startswith("aborted"):
        raise typer.Exit(ExitCode.ABORTED)


@app.command()
def slit(
    lines: Annotated[
        list[str], typer.Option("--line", help="Name of a counting line; may be repeated. Default: all lines.")
    ] = [],  # noqa: B006
    source: SourceOption = None,
    config: ConfigOption = None,
    to: Annotated[Path, typer.Option(help="Picture to write; of several lines one each, with its name.")] = Path(
        "slit.png"
    ),
    camera: CameraOption = None,
    overrides: SetOption = [],  # noqa: B006
) -> None:
    """Count a recorded file and write the space-time picture of each line, with its crossings marked."""
    from traffic_monitor.app.slit import draw_slits  # brings the models' libraries along

    settings = _only_camera(_load_all(config, overrides, _options(source, None, None, None)), camera)
    configure_logging("slit", LogTarget(None))
    try:
        with Progress(console=errors, disable=not errors.is_terminal, transient=True) as progress:
            task = progress.add_task("frames", total=None)
            drawn = draw_slits(
                settings, lines, to, lambda done, total: progress.update(task, completed=done, total=total)
            )
    except ServiceError as error:
        raise ConfigError(str(error)) from error
    for each in drawn:
        told = f"{each.picture}: {len(each.crossings)} crossings of line {each.name}"
        output.print(told, highlight=False, markup=False, soft_wrap=True)


@app.command()
def line(
    source: SourceOption = None,
    config: ConfigOption = None,
    to: Annotated[Path, typer.Option(help="Picture to write where there is no screen.")] = Path("lines.png"),
    names: Annotated[
        list[str], typer.Option("--name", help="Name of the next line or zone that is drawn; may be repeated.")
    ] = [],  # noqa: B006
    kind: Annotated[Shape, typer.Option(help="What to draw first; keys choose the others.")] = Shape.LINE,
    width_m: Annotated[float | None, typer.Option(min=0.1, help="Width of the speed rectangle in metres.")] = None,
    length_m: Annotated[float | None, typer.Option(min=0.1, help="Its length in metres.")] = None,
    camera: CameraOption = None,
    overrides: SetOption = [],  # noqa: B006
) -> None:
    """Draw lines, zones, areas to ignore, masks and the speed rectangle on a frame of the source, and save them.

    Without a screen, the frame is written with a grid of coordinates to take them from.
    """
    loaded = _load_all(config, overrides, _options(source, None, None, None))
    settings = _only_camera(loaded, camera)
    settings_file = config or DEFAULT_CONFIG
    if (width_m is None) is not (length_m is None):
        raise ConfigError("command line: --width-m and --length-m belong together; give both")
    if kind is Shape.SPEED and width_m is None:
        raise ConfigError("command line: --kind speed also needs --width-m and --length-m")
    reason = missing_screen_reason()
    if reason is None:
        line_tool.check_can_save(loaded, settings_file)
    try:
        image = line_tool.first_frame(settings)
    except ServiceError as error:
        raise ConfigError(str(error)) from error
    rectangle = (width_m, length_m) if width_m and length_m else None
    size = (image.shape[1], image.shape[0])
    masks = CameraPrivacySettings(masks=settings.privacy.masks)
    plan = Plan(settings.vehicle_counter, size, rectangle, masks, shape=kind, names=names)
    if reason is not None:
        line_tool.write_still(image, plan, to)
        section = "privacy" if kind is Shape.MASK else "vehicle_counter"
        told = f"no window: {reason}. {to} shows the coordinates; write them into {settings_file}, {section}"
    elif line_tool.edit_in_window(image, plan, settings.visualizer.window_width):
        camera_id = settings.camera_id if loaded.cameras else None
        line_tool.save_plan(plan.settings, plan.privacy.masks, settings_file, camera_id)
        told = f"{settings_file}: what was drawn for {settings.camera_id} is saved"
    else:
        told = f"{settings_file} is as it was"
    output.print(told, highlight=False, markup=False, soft_wrap=True)


@weights_app.command()
def fetch(
    folder: Annotated[Path, typer.Option(help="Where the weights go.")] = Path("weights"),
    use: Annotated[bool, typer.Option("--use", help="Write their path into the settings file.")] = False,
    config: ConfigOption = None,
) -> None:
    """Download Ultralytics' official COCO weights (yolo11n.pt) and check them. Needs the network."""
    try:
        path = fetch_official_weights(folder)
        output.print(f"{path} is fine: it loads and knows the vehicle classes", highlight=False, markup=False)
        if use:
            settings_file = config or DEFAULT_CONFIG
            use_for_vehicles(path, settings_file)
            output.print(
                f"{settings_file}: vehicle_detector.model_path is {path} now", highlight=False, markup=False
            )
    except FetchError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(ExitCode.ABORTED) from None


def _options(
    source: str | None, output_dir: Path | None, display: DisplayMode | None, save_video: bool | None
) -> dict[str, Any]:
    """The named options as nested settings, without those that were not given."""
    options: dict[str, Any] = {"frame_grabber": {"source": source}, "output_dir": output_dir}
    options["visualizer"] = {"display": display, "save_video": save_video}
    return _without_none(options)


def _load_all(config: Path | None, overrides: Sequence[str], options: dict[str, Any]) -> Settings:
    settings = load_settings(config, overrides, options)
    if settings.cameras and options.get("frame_grabber"):
        raise ConfigError("--source: the settings have cameras with sources of their own; add --set cameras=[]")
    return settings


def _load(config: Path | None, overrides: Sequence[str], options: dict[str, Any], camera: str | None) -> Settings:
    """The settings, of one of their cameras alone if one is named."""
    settings = _load_all(config, overrides, options)
    return settings if camera is None else _only_camera(settings, camera)


def _only_camera(settings: Settings, camera: str | None) -> Settings:
    """The settings of one camera: the named one, or the only one there is."""
    by_id = {each.camera_id: each for each in settings.each_camera()}
    if camera is None and len(by_id) == 1:
        (camera,) = by_id
    if camera is None:
        raise ConfigError(f"--camera: choose one of the settings' cameras: {', '.join(by_id)}")
    if camera not in by_id:
        raise ConfigError(f"--camera: there is no camera {camera}; there is: {', '.join(by_id)}")
    return by_id[camera]


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    cleaned = {key: _without_none(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in cleaned.items() if value is not None and value != {}}


def _refuse_problems(settings: Settings) -> None:
    """Raise ``ConfigError`` with all that is wrong before anything is started."""
    problems = [check for check in check_settings(settings) if not check.ok]
    if problems:
        raise ConfigError(*(f"{_origin_of(settings, check.subject)}{check.message}" for check in problems))


def _origin_of(settings: Settings, subject: str) -> str:
    """Where the value was set and under which key, in front of a message; else what the message is about."""
    is_setting = subject.partition(".")[0] in Settings.model_fields
    return f"{settings.origin_of(subject)}: {subject}: " if is_setting else f"{subject}: "


refuse_repeated_options(app)
