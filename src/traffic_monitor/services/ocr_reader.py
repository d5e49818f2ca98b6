"""OCR reader: ``PlateCandidateMessage`` in, ``OcrResultMessage`` out."""

from collections import OrderedDict

from traffic_monitor.inference.text_recognition import PaddleTextRecognizer, TextRecognizer
from traffic_monitor.plates.consensus import PlateConsensus
from traffic_monitor.plates.crops import crop, grow_box, is_empty
from traffic_monitor.plates.text import normalize_plate_text
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.control import ServiceControl
from traffic_monitor.shared_utils.custom_types import OcrResultMessage, PlateCandidateMessage, header_of
from traffic_monitor.shared_utils.frame_codec import FrameDecoder
from traffic_monitor.shared_utils.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.shared_utils.settings import Settings
from traffic_monitor.shared_utils.transport import MessageQueue, Output

REMEMBERED_TRACKS = 500
"""Vehicles read longer ago than this many others start a new consensus."""


class OcrReader(Service):
    """Reads plates and gathers the readings of each vehicle."""

    def __init__(self, config: Settings, recognizer: TextRecognizer | None = None) -> None:
        self._settings = config.ocr_reader
        self._recognizer = recognizer or PaddleTextRecognizer(self._settings)
        self._decoder = FrameDecoder()
        self._consensus: OrderedDict[int, PlateConsensus] = OrderedDict()

    def process(self, message: PlateCandidateMessage) -> list[OcrResultMessage]:
        """Read one plate. An unreadable one is a result too: empty text, confidence 0."""
        text, confidence = self._read(message)
        consensus = self._consensus_of(message["vehicle_track_id"])
        consensus.add(text, confidence)
        answer = consensus.result()
        return [
            OcrResultMessage(
                **header_of(message),
                vehicle_track_id=message["vehicle_track_id"],
                license_plate_text=text,
                ocr_confidence=confidence,
                vehicle_class_name=message["vehicle_class_name"],
                consensus_text=answer.text,
                consensus_confidence=answer.confidence,
                readings=answer.readings,
            )
        ]

    def _read(self, message: PlateCandidateMessage) -> tuple[str, float]:
        image = self._decoder.decode(message["frame_id"], message["frame_data_jpeg"])
        height, width = image.shape[:2]
        box = grow_box(message["plate_bbox_orig"], self._settings.crop_margin, width, height)
        if is_empty(box):
            return "", 0.0
        raw_text, confidence = self._recognizer.read(crop(image, box))
        text = normalize_plate_text(raw_text)
        if not text or confidence < self._settings.min_confidence:
            return "", 0.0
        return text, confidence

    def _consensus_of(self, track_id: int) -> PlateConsensus:
        consensus = self._consensus.setdefault(track_id, PlateConsensus())
        self._consensus.move_to_end(track_id)
        if len(self._consensus) > REMEMBERED_TRACKS:
            self._consensus.popitem(last=False)
        return consensus


def ocr_reader_process(
    config: Settings,
    input_q: MessageQueue,
    output_q: MessageQueue,
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the OCR reader until its input ends or the shutdown event is set."""
    run_service(
        ServiceName.OCR_READER,
        lambda: OcrReader(config),
        input_q,
        [Output(output_q)],
        shutdown_event,
        control,
    )
