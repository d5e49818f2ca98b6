"""OCR reader: ``PlateCandidateMessage`` and ``PlateSearchMessage`` in, ``OcrResultMessage`` out."""

from functools import partial
from typing import TypedDict, cast

from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.plates.best_shot import BestShots
from traffic_monitor.plates.consensus import ConsensusState, Reading
from traffic_monitor.plates.crops import box_width, crop, grow_box, is_empty
from traffic_monitor.plates.hiding import hide_plates_in_crop
from traffic_monitor.plates.pseudonym import pseudonym
from traffic_monitor.plates.quality import sharpness
from traffic_monitor.plates.reading import TextRecognizer, read_plate
from traffic_monitor.plates.text import PlateFormats
from traffic_monitor.plates.vehicle_plate import VehiclePlate
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import MessageQueue, Output
from traffic_monitor.runtime.workers import Queues, open_input
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import (
    OcrResultMessage,
    PlateAlternative,
    PlateCandidateMessage,
    PlateSearchMessage,
    header_of,
    media_time_of,
)
from traffic_monitor.shared_utils.frame_codec import FrameDecoder, Image, encode_frame
from traffic_monitor.shared_utils.recent_states import RecentStates

UNREADABLE = 0.1
"""Of a picture's worth is left when nothing could be read in it."""


PICTURE_QUALITY = 92
"""JPEG quality of the pictures that are kept: no letter may get lost in it."""


class _Pictures(TypedDict, total=False):
    """Fields of :class:`OcrResultMessage`."""

    plate_picture_jpeg: str
    vehicle_picture_jpeg: str


class OcrReader(Service):
    """Reads plates and gathers the readings of each vehicle until they have settled."""

    def __init__(self, config: Settings, recognizer: TextRecognizer | None = None) -> None:
        self._settings = config.ocr_reader
        self._recognizer = recognizer or PaddleTextRecognizer(self._settings)
        self._formats = PlateFormats(self._settings.plate_formats, self._settings.countries)
        self._decoder = FrameDecoder()
        self._plates = RecentStates(self._new_plate)
        self._privacy = config.privacy
        self._best_shots = BestShots()

    def process(self, message: PlateCandidateMessage | PlateSearchMessage) -> list[OcrResultMessage]:
        """Read one plate; an empty text where it is unreadable.

        A settled plate is not read; there is a result only where this frame shows it better. That a vehicle was
        searched in vain is passed on.
        """
        if "plate_bbox_orig" not in message:
            return [_nothing_found(message)]
        candidate = cast(PlateCandidateMessage, message)
        plate = self._plates[candidate["vehicle_track_id"]]
        image = self._decoder.decode(candidate["frame_id"], candidate["frame_data_jpeg"])
        picture = self._cut(image, candidate)
        width = box_width(candidate["plate_bbox_orig"])
        if not plate.wants(media_time_of(candidate), candidate.get("plate_fit", 1.0), width):
            pictures = self._best_shot(image, picture, candidate, 1.0)
            if not pictures:
                return []
            settled = Reading(plate.answer.text, plate.answer.confidence)
            return [self._as_recorded(_result(candidate, settled, plate, pictures, is_attempt=False))]
        reading = (
            read_plate(self._recognizer, picture, self._settings.min_confidence)
            if picture is not None
            else Reading("", 0.0)
        )
        plate.add(reading)
        pictures = self._best_shot(image, picture, candidate, max(reading.confidence, UNREADABLE))
        return [self._as_recorded(_result(candidate, reading, plate, pictures))]

    def _cut(self, image: Image, message: PlateCandidateMessage) -> Image | None:
        height, width = image.shape[:2]
        box = grow_box(message["plate_bbox_orig"], self._settings.crop_margin, width, height)
        return None if is_empty(box) else crop(image, box)

    def _best_shot(
        self, image: Image, picture: Image | None, message: PlateCandidateMessage, legibility: float
    ) -> _Pictures:
        """The pictures of plate and vehicle, if they are to be kept and clearly better than those before."""
        if not self._privacy.store_crops or picture is None:
            return {}
        # A lamp or a badge is sharp as well, but no plate by its place, and not read.
        trust = message["plate_confidence"] * message.get("plate_fit", 1.0) * legibility
        if not self._best_shots.is_better(
            message["vehicle_track_id"], picture.shape[1] * sharpness(picture) * trust
        ):
            return {}
        pictures: _Pictures = {}
        if not self._privacy.blur_plates:
            pictures["plate_picture_jpeg"] = encode_frame(picture, PICTURE_QUALITY)
        height, width = image.shape[:2]
        box = message.get("vehicle_bbox_orig")
        vehicle = None if box is None else crop(image, grow_box(box, 0, width, height))
        if vehicle is not None and vehicle.size:
            if self._privacy.blur_plates:
                vehicle = vehicle.copy()
                hide_plates_in_crop(vehicle)
            pictures["vehicle_picture_jpeg"] = encode_frame(vehicle, PICTURE_QUALITY)
        return pictures

    def _as_recorded(self, result: OcrResultMessage) -> OcrResultMessage:
        """The result as it may leave the reader: with pseudonyms, if plates are not to be recorded."""
        if not self._privacy.hash_plates or self._privacy.secret is None:
            return result
        secret = self._privacy.secret.get_secret_value()
        result["license_plate_text"] = pseudonym(result["license_plate_text"], secret)
        result["consensus_text"] = pseudonym(result["consensus_text"], secret)
        for other in result["alternatives"]:
            other["text"] = pseudonym(other["text"], secret)
        return result

    def _new_plate(self) -> VehiclePlate:
        settings = self._settings
        return VehiclePlate(self._formats, settings.min_consensus_confidence, settings.min_readings)


def _nothing_found(message: PlateSearchMessage) -> OcrResultMessage:
    return OcrResultMessage(
        **header_of(message),
        vehicle_track_id=message["vehicle_track_id"],
        license_plate_text="",
        ocr_confidence=0.0,
        vehicle_class_name=message["vehicle_class_name"],
        consensus_text="",
        consensus_confidence=0.0,
        consensus_state=ConsensusState.UNREAD.value,
        readings=0,
        plate_signs=0,
        alternatives=[],
        unread_reason=message["unread_reason"],
        plate_fit=0.0,
        is_attempt=False,
        **_Pictures(),
    )


def _result(
    message: PlateCandidateMessage,
    reading: Reading,
    plate: VehiclePlate,
    pictures: _Pictures,
    is_attempt: bool = True,
) -> OcrResultMessage:
    answer = plate.answer
    return OcrResultMessage(
        **header_of(message),
        vehicle_track_id=message["vehicle_track_id"],
        license_plate_text=reading.text,
        ocr_confidence=reading.confidence,
        vehicle_class_name=message["vehicle_class_name"],
        consensus_text=answer.text,
        consensus_confidence=answer.confidence,
        consensus_state=answer.state.value,
        readings=answer.readings,
        plate_signs=answer.signs,
        alternatives=[PlateAlternative(text=other.text, share=other.share) for other in answer.alternatives],
        unread_reason=plate.unread_reason,
        plate_fit=plate.fit,
        is_attempt=is_attempt,
        **pictures,
    )


def ocr_reader_process(
    config: Settings,
    input_q: Queues,
    output_q: MessageQueue,
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the OCR reader until its input ends or the shutdown event is set.

    Args:
        config: all settings.
        input_q: ``lp_candidates``, or one queue per worker that searches plates.
        output_q: ``ocr_results``.
        shutdown_event: when set, leave at once.
        control: wire to the supervisor.
    """
    control = control or ServiceControl()

    def build() -> PerCamera:
        recognizer = PaddleTextRecognizer(config.ocr_reader)
        return PerCamera(config, lambda camera: OcrReader(camera, recognizer))

    run_service(
        ServiceName.OCR_READER,
        build,
        open_input(input_q, partial(control.lost, ServiceName.LP_DETECTOR)),
        [Output(output_q)],
        shutdown_event,
        control,
        low_priority=config.is_live,
    )
