"""The command ``status``: how the programs that write into a folder are going."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.table import Table
from rich.text import Text

from traffic_monitor.app.console import wide_console
from traffic_monitor.app.records_cli import ConfigOption, OutputOption, output_folder
from traffic_monitor.records.days import newest_day
from traffic_monitor.shared_utils.clock import local_time
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.shared_utils.printable import printable
from traffic_monitor.supervision.status_file import Answer, ProgramStatus, read_status_files

output = wide_console()

MEGABYTE, GIGABYTE = 1e6, 1e9


def status(
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
    output_dir: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Show how a running program is going. Exit code 1: none runs, or one hangs or was killed."""
    folder = output_folder(output_dir, config)
    programs = read_status_files(folder)
    if as_json:
        typer.echo(json.dumps([_as_values(each, folder) for each in programs], ensure_ascii=False, indent=2))
    else:
        _print(programs, folder)
    is_well = bool(programs) and all(each.answer is Answer.RUNNING for each in programs)
    raise typer.Exit(ExitCode.OK if is_well else ExitCode.ABORTED)


def _as_values(program: ProgramStatus, folder: Path) -> dict[str, Any]:
    """What the file says, and what is measured here."""
    free, size = _disk(folder)
    return {
        "answer": program.answer.value,
        **program.content,
        "memory_mb": _memory_mb(program),
        "disk": {"free_gb": free, "size_gb": size},
        "folders_mb": {
            camera_id: _size_mb(newest_day(Path(camera["folder"])))
            for camera_id, camera in _cameras(program.content)
            if "folder" in camera
        },
    }


def _cameras(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from content.get("cameras", {}).items()


def _memory_mb(program: ProgramStatus) -> int | None:
    """Resident memory of a program and its services; None if it is gone or somebody else's."""
    if program.answer is Answer.GONE:
        return None
    try:
        supervisor = psutil.Process(program.content["pid"])
        processes = [supervisor, *supervisor.children(recursive=True)]
        return round(sum(_memory_of(each) for each in processes) / MEGABYTE)
    except psutil.Error:
        return None


def _memory_of(process: psutil.Process) -> int:
    """Bytes of a process; of memory that several share its part of it, where the system tells."""
    with suppress(psutil.NoSuchProcess):
        try:
            full = process.memory_full_info()
            return int(getattr(full, "pss", full.rss))
        except psutil.AccessDenied:
            return int(process.memory_info().rss)
    return 0  # It has just ended.


def _disk(folder: Path) -> tuple[float, float]:
    usage = shutil.disk_usage(folder)
    return round(usage.free / GIGABYTE, 1), round(usage.total / GIGABYTE, 1)


def _size_mb(folder: Path) -> float:
    sizes = []
    for path in folder.rglob("*"):
        with suppress(OSError):  # Removed in this moment.
            sizes.append(path.lstat().st_size)
    return round(sum(sizes) / MEGABYTE, 1)


def _print(programs: list[ProgramStatus], folder: Path) -> None:
    if not programs:
        output.print(f"no program writes into {printable(str(folder))}", highlight=False, markup=False)
        return
    for program in programs:
        values = _as_values(program, folder)
        output.print(_title(program, values), highlight=False, markup=False, soft_wrap=True)
        table = Table(
            "camera", "source", "state", "frames/s", "frames", "dropped", "outages", "counted", "plates", "MB"
        )
        for camera_id, camera in _cameras(program.content):
            state = camera.get("failure") or camera.get("state") or program.content.get("state")
            frames = camera.get("frames", {})
            cells = [camera_id, camera.get("source"), state, camera.get("frames_per_s")]
            cells += [frames.get("processed"), frames.get("dropped")]
            cells += [camera.get("outages"), camera.get("counted"), camera.get("plates")]
            cells.append(values["folders_mb"].get(camera_id))
            table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in cells))
        output.print(table)
        services = program.content.get("services", {})
        for what in ("errors", "dropped"):
            _print_numbers(what, {name: service.get(what) for name, service in services.items()})
        _print_numbers("waiting in queues", program.content.get("queues", {}))


def _print_numbers(what: str, numbers: Mapping[str, int | None]) -> None:
    told = ", ".join(f"{name} {number}" for name, number in numbers.items() if number)
    output.print(f"{what}: {told or 'none'}", highlight=False, markup=False, soft_wrap=True)


def _title(program: ProgramStatus, values: Mapping[str, Any]) -> str:
    content = program.content
    written = f"{local_time(content['updated_at']):%Y-%m-%d %H:%M:%S}"
    if program.answer is Answer.GONE:
        return f"process {content['pid']}: was killed; it was last seen {content.get('state')} at {written}"
    minutes = int(content.get("running_seconds", 0)) // 60
    doing = content.get("state", "starting")
    if program.answer is Answer.SILENT:
        doing = f"hangs since {written}"
    memory = "" if values["memory_mb"] is None else f", {values['memory_mb']} MB of memory"
    disk = values["disk"]
    restarts = f", restarted {content['restarts']} times" if content.get("restarts") else ""
    return (
        f"process {content['pid']}: {doing}, for {minutes // 60} h {minutes % 60} min{restarts}{memory}, "
        f"{disk['free_gb']} of {disk['size_gb']} GB of disk free"
    )
