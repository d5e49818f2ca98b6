"""The commands that read what runs have recorded: ``runs``, ``search``, ``show``, ``export``, ``report``."""

import sqlite3
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
from traffic_monitor.records.runs import list_runs, run_folders
from traffic_monitor.records.search import Query, SearchTime, normalize_plate_pattern, search
from traffic_monitor.records.story import story_of
from traffic_monitor.report.page import write_report
from traffic_monitor.settings.loader import ConfigError, load_settings
from traffic_monitor.shared_utils.clock import Clock, local_time

output = wide_console()

LARGEST_NUMBER = 2**63 - 1
"""That a database can hold."""

WILDCARDS = {"*", "?"}

PSEUDONYM_SEARCH = "only a whole plate is found in it, with the secret it was recorded with in privacy.secret"

RunOption = Annotated[Path | None, typer.Option("--run", help="Folder of the run; default: the latest one.")]
ConfigOption = Annotated[Path | None, typer.Option(help="Settings file; default: config/settings.yaml.")]
OutputOption = Annotated[Path | None, typer.Option("--output", help="Folder of the runs; default: output_dir.")]


def add_records_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the program's."""
    for command in (runs, find, show, export, report):
        app.command(name="search" if command is find else command.__name__)(command)


def runs(output_dir: OutputOption = None, config: ConfigOption = None) -> None:
    """List the runs, oldest first."""
    table = Table("run", "source", "started", "ended", "vehicles", "plates")
    for entry in list_runs(output_folder(output_dir, config)):
        facts = entry.facts.values
        started = f"{local_time(float(facts['started_at'])):%Y-%m-%d %H:%M}" if "started_at" in facts else ""
        ended = facts.get("exit_reason", "still running, or killed")
        _add(table, entry.folder.name, facts.get("source", ""), started, ended, entry.passages, entry.plates)
    output.print(table)


def find(
    plate: Annotated[str | None, typer.Option(help="Plate; * for any characters, ? for one.")] = None,
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Also plates that are nearly this one.")] = False,
    line: Annotated[str | None, typer.Option(help="Only vehicles that crossed this line.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="ISO 8601, or 1:30 from a file's start.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The same.")] = None,
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
    for folder in [run] if run else run_folders(output_folder(output_dir, config)):
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
    pictures: Annotated[bool, typer.Option(help="Open the vehicle's pictures where there is a screen.")] = True,
    config: ConfigOption = None,
) -> None:
    """Tell one vehicle's story and open its pictures."""
    folder = _run_dir(run, config)
    with closing(open_database(folder)) as database:
        story = story_of(database, folder, track)
    if story is None:
        raise ConfigError(
            f"{folder}: track {track} crossed no line and visited no zone, and no plate was read on it;"
            " search lists those that did"
        )
    for sentence in [*story.sentences, *map(str, story.pictures)]:
        output.print(sentence, highlight=False, markup=False, soft_wrap=True)
    if pictures:
        _open_pictures(story.pictures)


def export(
    run: RunOption = None,
    kind: Annotated[ExportFormat, typer.Option("--format", help="Format.")] = ExportFormat.CSV,
    to: Annotated[Path | None, typer.Option(help="Folder for the files; default: the run's.")] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin CSV files with a byte order mark, for Excel.")] = False,
    only_passed: Annotated[
        bool, typer.Option("--only-passed", help="Leave out vehicles that only were seen and read.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write a run's passages and counts as CSV, JSON Lines or Parquet."""
    folder = _run_dir(run, config)
    records = RunRecords.load(folder, trajectories=kind is ExportFormat.JSONL, only_passed=only_passed)
    try:
        (to or folder).mkdir(parents=True, exist_ok=True)
        files = export_run(records, kind, to or folder, bom)
    except OSError as error:
        raise ConfigError(f"--to: {to or folder}: cannot be written: {error}") from None
    _say_files(files)


def report(run: RunOption = None, config: ConfigOption = None) -> None:
    """Make report.html from a run's records, also of one that was killed."""
    folder = _run_dir(run, config)
    try:
        _say_files([write_report(folder)])
    except OSError as error:
        raise ConfigError(f"{folder}: the report cannot be written: {error}") from None


def _query(plate: str | None, fuzzy: bool, line: str | None, since: str | None, until: str | None) -> Query:
    moments = []
    for option, text in (("--from", since), ("--to", until)):
        try:
            moments.append(SearchTime.parse(text) if text is not None else None)
        except (ValueError, OverflowError):
            told = "give a time such as 2026-05-04T08:00, or 1:30 from the start of a file"
            raise ConfigError(f"{option}: {text!r} is no time: {told}") from None
    wanted = normalize_plate_pattern(plate) if plate is not None else None
    if wanted == "":
        raise ConfigError(f"--plate: {plate!r} holds no letter, digit or wildcard")
    if fuzzy and (wanted is None or set(wanted) & WILDCARDS):
        raise ConfigError("--fuzzy: needs --plate with a whole plate, without * and ?")
    return Query(wanted, fuzzy, line, since=moments[0], until=moments[1])


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
