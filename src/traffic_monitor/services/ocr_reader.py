"""OCR reader: ``PlateCandidateMessage`` in, ``OcrResultMessage`` out."""

from functools import partial

from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.plates.consensus import Reading
from traffic_monitor.plates.crops import box_width, crop, grow_box, is_empty
from traffic_monitor.plates.hiding import hide_plates_in_crop
from traffic_monitor.plates.pseudonym import pseudonym
from traffic_monitor.plates.quality import sharpness
from traffic_monitor.plates.reading import TextRecognizer, read_plate
from traffic_monitor.plates.text import PlateFormats
from traffic_monitor.plates.vehicle_plate import VehiclePlate
from traffic_monitor.records.best_shots import BestShots
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import MessageQueue, Output
from traffic_monitor.runtime.workers import Queues, reading_from
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import (
    OcrResultMessage,
    PlateAlternative,
    PlateCandidateMessage,
    header_of,
    media_time_of,
)
from traffic_monitor.shared_utils.frame_codec import FrameDecoder, Image
from traffic_monitor.shared_utils.recent_states import RecentStates

UNREADABLE = 0.1
"""Of a picture's worth is left when nothing could be read in it."""


class OcrReader(Service):
    """Reads plates and gathers the readings of each vehicle until they have settled."""

    def __init__(self, config: Settings, recognizer: TextRecognizer | None = None) -> None:
        self._settings = config.ocr_reader
        self._recognizer = recognizer or PaddleTextRecognizer(self._settings)
        self._formats = PlateFormats(self._settings.plate_formats)
        self._decoder = FrameDecoder()
        self._plates = RecentStates(self._new_plate)
        self._privacy = config.privacy
        self._best_shots = BestShots(config.run_dir) if self._privacy.store_crops and config.run_dir else None

    def process(self, message: PlateCandidateMessage) -> list[OcrResultMessage]:
        """Read one plate; no result where it is settled, one with an empty text where it is unreadable."""
        plate = self._plates[message["vehicle_track_id"]]
        image = self._decoder.decode(message["frame_id"], message["frame_data_jpeg"])
        picture = self._cut(image, message)
        width = box_width(message["plate_bbox_orig"])
        if not plate.wants(media_time_of(message), message.get("plate_fit", 1.0), width):
            self._keep_best_shot(image, picture, message, 1.0)
            return []
        reading = (
            read_plate(self._recognizer, picture, self._settings.min_confidence)
            if picture is not None
            else Reading("", 0.0)
        )
        plate.add(reading)
        self._keep_best_shot(image, picture, message, max(reading.confidence, UNREADABLE))
        return [self._as_recorded(_result(message, reading, plate))]

    def _cut(self, image: Image, message: PlateCandidateMessage) -> Image | None:
        height, width = image.shape[:2]
        box = grow_box(message["plate_bbox_orig"], self._settings.crop_margin, width, height)
        return None if is_empty(box) else crop(image, box)

    def _keep_best_shot(
        self, image: Image, picture: Image | None, message: PlateCandidateMessage, legibility: float
    ) -> None:
        if self._best_shots is None or picture is None:
            return
        height, width = image.shape[:2]
        box = message.get("vehicle_bbox_orig")
        vehicle = None if box is None else crop(image, grow_box(box, 0, width, height))
        # A lamp or a badge is sharp as well, but no plate by its place, and not read.
        trust = message["plate_confidence"] * message.get("plate_fit", 1.0) * legibility
        score = picture.shape[1] * sharpness(picture) * trust
        plate: Image | None = picture
        if self._privacy.blur_plates:
            plate = None
            if vehicle is not None and vehicle.size:
                vehicle = vehicle.copy()
                hide_plates_in_crop(vehicle)
        self._best_shots.offer(message["vehicle_track_id"], score, plate, vehicle)

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


def _result(message: PlateCandidateMessage, reading: Reading, plate: VehiclePlate) -> OcrResultMessage:
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
        alternatives=[PlateAlternative(text=other.text, share=other.share) for other in answer.alternatives],
        unread_reason=plate.unread_reason,
        plate_fit=plate.fit,
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
        reading_from(input_q, partial(control.gone, ServiceName.LP_DETECTOR)),
        [Output(output_q)],
        shutdown_event,
        control,
        gives_way=config.is_live,
    )
