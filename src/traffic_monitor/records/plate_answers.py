"""Which vehicles of a run were read and which were not, once all that is known of each is put together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from traffic_monitor.records.plate_log import PlateRecord, PlateSighting, SearchedVehicle, UnreadRecord
from traffic_monitor.shared_utils.constants import UnreadReason


def read_plates(sightings: Mapping[int, PlateSighting]) -> list[PlateRecord]:
    """The answers worth believing, by track id, each plate once at a time."""
    return [
        {**_vehicle_of(sighting), "text": sighting["text"], "confidence": sighting["confidence"]}
        for sighting in settle_claims(sightings.values())
        if sighting["unread_reason"] is None
    ]


def unread_plates(
    sightings: Mapping[int, PlateSighting], searched_in_vain: Mapping[int, UnreadRecord]
) -> list[UnreadRecord]:
    """The vehicles that were looked at and not read, by track id, with the reason.

    Args:
        sightings: the vehicles of which a plate was found, by track id.
        searched_in_vain: those that were searched, by track id; a sighting of the same vehicle knows more.
    """
    records = dict(searched_in_vain)
    for sighting in settle_claims(sightings.values()):
        records.pop(sighting["track_id"], None)
        if sighting["unread_reason"] is not None:
            records[sighting["track_id"]] = {**_vehicle_of(sighting), "reason": sighting["unread_reason"]}
    return [records[track_id] for track_id in sorted(records)]


def settle_claims(sightings: Iterable[PlateSighting]) -> Sequence[PlateSighting]:
    """The same, by track id; of vehicles in sight together that claim one plate only the best keeps it.

    The best is the one whose box the plate suits best. A vehicle whose track ends and goes on under another id is
    not in sight twice at one time, so both keep the plate.
    """
    by_fit = sorted(sightings, key=lambda sighting: (-sighting["fit"], -sighting["readings"]))
    owners: defaultdict[str, list[PlateSighting]] = defaultdict(list)
    """By text: a run of weeks has many plates, and each few owners."""
    settled: list[PlateSighting] = []
    for sighting in by_fit:
        if sighting["unread_reason"] is None:
            if any(_in_sight_together(sighting, other) for other in owners[sighting["text"]]):
                sighting = PlateSighting(**{**sighting, "unread_reason": UnreadReason.CONTESTED})
            else:
                owners[sighting["text"]].append(sighting)
        settled.append(sighting)
    return sorted(settled, key=lambda sighting: sighting["track_id"])


def _vehicle_of(sighting: PlateSighting) -> SearchedVehicle:
    return SearchedVehicle(
        track_id=sighting["track_id"],
        class_name=sighting["class_name"],
        readings=sighting["readings"],
        first_seen=sighting["first_seen"],
        last_seen=sighting["last_seen"],
    )


def _in_sight_together(one: PlateSighting, other: PlateSighting) -> bool:
    return one["first_seen"] <= other["last_seen"] and other["first_seen"] <= one["last_seen"]
