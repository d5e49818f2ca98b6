"""Privacy masks: parts of the picture that are painted black before anything else sees it."""

from collections.abc import Sequence

import cv2
import numpy as np

from traffic_monitor.settings import AreaSettings, area_in_frame
from traffic_monitor.shared_utils.frame_codec import Image

BLACK = (0, 0, 0)


def paint_masks(image: Image, masks: Sequence[AreaSettings]) -> Image:
    """The BGR picture with these areas black, and every pixel that their edges touch.

    Args:
        image: changed in place where it can be; it is then the picture that is returned.
        masks: may overlap, and reach beyond the picture.
    """
    if not masks:
        return image
    height, width = image.shape[:2]
    painted = np.require(image, requirements=["C", "W"])
    for mask in masks:  # Not all in one call: where two overlap, OpenCV would leave the picture.
        corners = np.array(area_in_frame(mask, width, height)).round().astype(np.int32)
        cv2.fillPoly(painted, [corners], BLACK)
    return painted
