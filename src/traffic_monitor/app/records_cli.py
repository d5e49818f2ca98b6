"""The commands that read what runs have recorded: ``runs``, ``search``, ``show``, ``export``, ``report``."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from loguru import logger
from rich.table import Table
from rich.text import Text

from traffic_monitor.app.console import GuardedStream, wide_console
from traffic_monitor.plates.pseudonym import pseudonym
from traffic_monitor.records.database import PSEUDONYMS, DatabaseError, open_database
from traffic_monitor.records.days import LATEST
from traffic_monitor.records.exports import ExportFormat, export_run, write_json_lines
from traffic_monitor.records.passages import Passage, RunRecords, run_facts
from traffic_monitor.records.runs import list_runs
from traffic_monitor.records.search import Query, normalize_plate_pattern, search
from traffic_monitor.records.spans import Moment, TimeSpan, by_camera, records_of, runs_in
from traffic_monitor.records.story import story_of
from traffic_monitor.report.page import write_report_of
from traffic_monitor.settings.cameras import folder_name
from traffic_monitor.settings.loader import ConfigError, load_settings
from traffic_monitor.shared_utils.clock import Clock, local_time

output = wide_console()

LARGEST_NUMBER = 2**63 - 1
"""That a database can hold."""

EXPORTS_FOLDER = "exports"
"""In the output folder: files made of time spans."""

WILDCARDS = {"*", "?"}

PSEUDONYM_SEARCH = "only a whole plate is found in it, with the secret it was recorded with in privacy.secret"

RunOption = Annotated[Path | None, typer.Option("--run", help="Folder of the run; default: the latest one.")]
ConfigOption = Annotated[Path | None, typer.Option(help="Settings file; default: config/settings.yaml.")]
OutputOption = Annotated[Path | None, typer.Option("--output", help="Folder of the runs; default: output_dir.")]


def add_records_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the program's."""
    for command in (runs, find, show, export, report):
        app.command(name="search" if command is find else command.__name__)(command)


FromOption = Annotated[
    str | None,
    typer.Option("--from", help="Date, today, yesterday, ISO 8601 (camera's time), or 1:30 from a file's start."),
]
ToOption = Annotated[str | None, typer.Option("--to", help="The same; a date is meant to its end.")]
IntoOption = Annotated[
    Path | None,
    typer.Option("--into", help=f"Folder for the files; default: the run's, or {EXPORTS_FOLDER} for a time span."),
]
CameraOption = Annotated[str | None, typer.Option("--camera", help="Only this camera, by its camera_id.")]


def runs(
    since: FromOption = None,
    until: ToOption = None,
    camera: CameraOption = None,
    output_dir: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """List the runs and the days of cameras, oldest first."""
    span = _span(since, until)
    table = Table("run", "source", "started", "ended", "vehicles", "plates")
    for entry in list_runs(folder for folder, _ in runs_in(output_folder(output_dir, config), span, camera)):
        facts = entry.facts.values
        started = f"{local_time(float(facts['started_at'])):%Y-%m-%d %H:%M}" if "started_at" in facts else ""
        ended = facts.get("exit_reason", "still running, or killed")
        _add(table, entry.folder.name, facts.get("source", ""), started, ended, entry.passages, entry.plates)
    output.print(table)


def find(
    plate: Annotated[str | None, typer.Option(help="Plate; * for any characters, ? for one.")] = None,
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Also plates that are nearly this one.")] = False,
    line: Annotated[str | None, typer.Option(help="Only vehicles that crossed this line.")] = None,
    since: FromOption = None,
    until: ToOption = None,
    camera: CameraOption = None,
    run: Annotated[Path | None, typer.Option(help="Folder of one run; default: all runs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines instead of a table.")] = False,
    output_dir: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Find vehicles by plate, line and time, in one run or in all."""
    secret = load_settings(config).privacy.secret
    query = _query(plate, fuzzy, line, since, until)
    if secret is not None and query.plate is not None and not set(query.plate) & WILDCARDS:
        query = replace(query, pseudonym=pseudonym(query.plate, secret.get_secret_value()))
    stream = GuardedStream("stdout")
    table = Table("run", "passage", "track", "class", "plate", "sure", "first seen", "crossed")
    folders = (
        [run] if run else [each for each, _ in runs_in(output_folder(output_dir, config), query.span, camera)]
    )
    for folder in folders:
        try:
            with closing(open_database(folder)) as database:
                found, facts = search(database, query), run_facts(database)
        except (DatabaseError, sqlite3.Error) as error:
            if run:
                raise
            logger.warning("{}: {}", folder, error)
            continue
        clock = facts.clock
        if facts.values.get("plates") == PSEUDONYMS and plate is not None and (fuzzy or not query.pseudonym):
            logger.warning("{} holds pseudonyms: {}", folder, PSEUDONYM_SEARCH)
        if as_json:
            write_json_lines(stream, found, clock)
        for passage in found:
            _add(table, folder.resolve().name, *_cells(passage, clock))
    if as_json:
        stream.flush()
        if stream.error is not None and not isinstance(stream.error, BrokenPipeError):
            raise stream.error  # Whoever reads a pipe may have read enough; a file is not complete.
    else:
        output.print(table if table.row_count else "nothing found")


def show(
    track: Annotated[
        int, typer.Option(max=LARGEST_NUMBER, help="Number of a track, as in the window and in the file names.")
    ],
    run: RunOption = None,
    since: FromOption = None,
    until: ToOption = None,
    camera: CameraOption = None,
    pictures: Annotated[bool, typer.Option(help="Open the vehicle's pictures where there is a screen.")] = True,
    config: ConfigOption = None,
) -> None:
    """Tell one vehicle's story and open its pictures. With a time span it is looked for in all runs and days."""
    span = _span(since, until)
    if run is None and (camera or not span.is_everything):
        folders = [folder for folder, _ in runs_in(output_folder(None, config), span, camera)]
    else:
        folders = [_run_dir(run, config)]
    stories = []
    for folder in folders:
        with closing(open_database(folder)) as database:
            stories.append(story_of(database, folder, track))
    told = [(folder, story) for folder, story in zip(folders, stories, strict=True) if story is not None]
    if not told:
        where = str(folders[0]) if len(folders) == 1 else f"{len(folders)} runs"
        raise ConfigError(
            f"{where}: track {track} crossed no line and visited no zone, and no plate was read on it;"
            " search lists those that did"
        )
    for folder, story in told:
        heading = [str(folder)] if len(told) > 1 else []
        for sentence in [*heading, *story.sentences, *map(str, story.pictures)]:
            output.print(sentence, highlight=False, markup=False, soft_wrap=True)
        if pictures:
            _open_pictures(story.pictures)


def export(
    run: RunOption = None,
    kind: Annotated[ExportFormat, typer.Option("--format", help="Format.")] = ExportFormat.CSV,
    since: FromOption = None,
    to: Annotated[
        str | None,
        typer.Option(help="The same, a date is meant to its end; anything else is the folder, as --into."),
    ] = None,
    camera: CameraOption = None,
    into: IntoOption = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin CSV files with a byte order mark, for Excel.")] = False,
    only_passed: Annotated[
        bool, typer.Option("--only-passed", help="Leave out vehicles that only were seen and read.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write passages and counts of a run, or of a time span, as CSV, JSON Lines or Parquet."""
    if to is not None and into is None and _moment(to) is None:
        into, to = Path(to), None
    trajectories = kind is ExportFormat.JSONL
    chosen = _chosen(run, _span(since, to), camera, into, config, trajectories, only_passed)
    for records, folder in chosen:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = export_run(records, kind, folder, bom)
        except OSError as error:
            raise ConfigError(f"--into: {folder}: cannot be written: {error}") from None
        _say_files(files)


def report(
    run: RunOption = None,
    since: FromOption = None,
    until: ToOption = None,
    camera: CameraOption = None,
    into: IntoOption = None,
    config: ConfigOption = None,
) -> None:
    """Make report.html from the records of a run, also of one that was killed, or of a time span."""
    for records, folder in _chosen(run, _span(since, until), camera, into, config, trajectories=True):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _say_files([write_report_of(records, folder)])
        except OSError as error:
            raise ConfigError(f"{folder}: the report cannot be written: {error}") from None


def _chosen(
    run: Path | None,
    span: TimeSpan,
    camera: str | None,
    into: Path | None,
    config: Path | None,
    trajectories: bool,
    only_passed: bool = False,
) -> Iterator[tuple[RunRecords, Path]]:
    """The records that are asked for, those of each camera apart, and the folder that files made of them go to."""
    if span.is_everything and camera is None:
        folder = _run_dir(run, config)
        yield RunRecords.load(folder, trajectories, only_passed), into or folder
        return
    if run is not None:
        with closing(open_database(run)) as database:
            chosen = [(run.resolve(), run_facts(database))]
    else:
        chosen = list(runs_in(output_folder(None, config), span, camera))
    cameras = by_camera(chosen)
    if not cameras:
        raise ConfigError(
            "--from, --to, --camera: nothing is recorded of that; `traffic-monitor runs` lists what is"
        )
    target = into or chosen[0][0].parent / EXPORTS_FOLDER
    for camera_id, runs_of_camera in cameras.items():
        records = records_of(runs_of_camera, span, trajectories, only_passed)
        yield records, target if len(cameras) == 1 else target / folder_name(camera_id)


def _span(since: str | None, until: str | None) -> TimeSpan:
    moments = []
    for option, text in (("--from", since), ("--to", until)):
        moment = None if text is None else _moment(text)
        if text is not None and moment is None:
            told = (
                "give a time such as 2026-05-04T08:00, 2026-05-04 or yesterday, or 1:30 from the start of a file"
            )
            raise ConfigError(f"{option}: {text!r} is no time: {told}")
        moments.append(moment)
    return TimeSpan(*moments)


def _moment(text: str) -> Moment | None:
    try:
        return Moment.parse(text)
    except (ValueError, OverflowError):
        return None


def _query(plate: str | None, fuzzy: bool, line: str | None, since: str | None, until: str | None) -> Query:
    span = _span(since, until)
    wanted = normalize_plate_pattern(plate) if plate is not None else None
    if wanted == "":
        raise ConfigError(f"--plate: {plate!r} holds no letter, digit or wildcard")
    if fuzzy and (wanted is None or set(wanted) & WILDCARDS):
        raise ConfigError("--fuzzy: needs --plate with a whole plate, without * and ?")
    return Query(wanted, fuzzy, line, span)


def _cells(passage: Passage, clock: Clock) -> list[str]:
    crossed = (f"{each.line}: {each.direction} {clock.short(each.time)}" for each in passage.crossings)
    sure = f"{passage.plate_confidence:.2f}" if passage.plate_confidence is not None else ""
    return [
        str(passage.passage_id),
        " ".join(map(str, passage.tracks)),
        passage.class_name,
        passage.plate or passage.unread_reason or "",
        sure,
        clock.short(passage.first_time),
        "\n".join(crossed),
    ]


def output_folder(output_dir: Path | None, config: Path | None) -> Path:
    """The folder of the runs: the one that is given, else that of the settings.

    Raises:
        ConfigError: there is no such folder.
    """
    folder = output_dir or load_settings(config).output_dir
    if not folder.is_dir():
        raise ConfigError(f"output_dir: {folder}: there is no such folder, so there are no runs")
    return folder


def _run_dir(run: Path | None, config: Path | None) -> Path:
    return run or output_folder(None, config) / LATEST


def _add(table: Table, *cells: object) -> None:
    """A row of cells as they are: a name is not markup."""
    table.add_row(*(Text(str(cell)) for cell in cells))


def _open_pictures(pictures: list[Path]) -> None:
    from traffic_monitor.sinks.window import missing_screen_reason

    if missing_screen_reason() is None:
        for picture in pictures:
            typer.launch(str(picture))


def _say_files(files: list[Path]) -> None:
    for file in files:
        output.print(str(file), highlight=False, markup=False, soft_wrap=True)
