"""Privacy masks: which pixels are painted black."""

from typing import Any

import numpy as np
import pytest

from traffic_monitor.capture.masks import paint_masks
from traffic_monitor.settings import AreaSettings

LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
LOWER = [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]


def painted(*masks: Any, units: str = "fraction") -> Any:
    """Which pixels of a white picture of 100 x 60 pixels are black, and that the others are as they were."""
    areas = [AreaSettings.model_validate({"points": points, "units": units}) for points in masks]
    image = paint_masks(np.full((60, 100, 3), 255, np.uint8), areas)
    assert set(np.unique(image)) <= {0, 255}
    return (image == 0).all(axis=2)


def test_a_mask_covers_its_share_of_the_picture_and_its_edge() -> None:
    black = painted(LEFT)
    assert black[:, :51].all()
    assert not black[:, 51:].any()


def test_where_two_masks_overlap_the_picture_does_not_show_again() -> None:
    black = painted(LEFT, LOWER)
    assert black[:, :51].all()
    assert black[30:].all()
    assert not black[:30, 51:].any()


def test_pixels_may_lie_beyond_the_picture() -> None:
    black = painted([[-500, 20], [5000, 20], [5000, 4000], [-500, 4000]], units="pixels")
    assert black[20:].all()
    assert not black[:20].any()


@pytest.mark.parametrize("top", [0.9, 0.996])
def test_a_strip_drawn_nearly_down_to_the_lower_edge_reaches_it(top: float) -> None:
    image = np.full((1000, 100, 3), 255, np.uint8)
    strip = AreaSettings(points=[(0, top), (1, top), (1, 0.998), (0, 0.998)])
    black = (paint_masks(image, [strip]) == 0).all(axis=2)
    assert black[round(top * 1000) :].all()
    assert not black[: round(top * 1000)].any()


def test_a_picture_that_may_not_be_changed_is_copied() -> None:
    image = np.full((60, 100, 3), 255, np.uint8)
    image.flags.writeable = False
    assert (paint_masks(image, [AreaSettings.model_validate({"points": LEFT})])[:, :51] == 0).all()
    assert (image == 255).all()
