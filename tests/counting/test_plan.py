"""Drawing lines, zones and the speed rectangle point by point."""

import pytest

from traffic_monitor.counting.plan import Plan, Shape
from traffic_monitor.settings import LineSettings, VehicleCounterSettings

SIZE = (200, 100)
TRIANGLE = [(20.0, 10.0), (100.0, 10.0), (100.0, 90.0)]
RECTANGLE = [(20.0, 90.0), (180.0, 90.0), (120.0, 10.0), (80.0, 10.0)]


def new_plan(rectangle_m: tuple[float, float] | None = None) -> Plan:
    return Plan(VehicleCounterSettings(lines=[]), SIZE, rectangle_m)


def draw(plan: Plan, shape: Shape, points: list[tuple[float, float]]) -> None:
    plan.choose(shape)
    for x, y in points:
        plan.click(x, y)


def test_two_points_are_a_line_in_shares_of_the_frame() -> None:
    plan = new_plan()
    draw(plan, Shape.LINE, [(0, 50), (200, 75)])
    assert plan.settings.lines == [LineSettings(name="line 1", points=((0.0, 0.5), (1.0, 0.75)))]
    assert plan.points == []


def test_one_point_is_no_line_yet() -> None:
    plan = new_plan()
    draw(plan, Shape.LINE, [(20, 50)])
    assert (plan.settings.lines, plan.points) == ([], [(0.1, 0.5)])


def test_points_outside_the_frame_are_moved_to_its_edge() -> None:
    plan = new_plan()
    draw(plan, Shape.LINE, [(-5, 50), (500, 120)])
    assert plan.settings.lines[0].points == ((0.0, 0.5), (1.0, 1.0))


def test_a_new_line_gets_a_name_that_is_free() -> None:
    plan = new_plan()
    for _ in range(2):
        draw(plan, Shape.LINE, [(0, 50), (200, 75)])
    plan.settings = plan.settings.model_copy(update={"lines": plan.settings.lines[1:]})
    draw(plan, Shape.LINE, [(0, 50), (200, 75)])
    assert [line.name for line in plan.settings.lines] == ["line 2", "line 1"]


def test_a_zone_is_complete_when_its_author_says_so() -> None:
    plan = new_plan()
    draw(plan, Shape.ZONE, TRIANGLE)
    assert plan.settings.zones == []
    plan.complete()
    (zone,) = plan.settings.zones
    assert (zone.name, zone.points) == ("zone 1", [(0.1, 0.1), (0.5, 0.1), (0.5, 0.9)])


def test_four_points_are_the_speed_rectangle_and_replace_the_one_before() -> None:
    plan = new_plan((7.0, 20.0))
    draw(plan, Shape.SPEED, [(10.0, 80.0), *RECTANGLE[1:]])
    draw(plan, Shape.SPEED, RECTANGLE)
    speed = plan.settings.speed
    assert speed is not None
    assert (speed.points[0], speed.width_m, speed.length_m) == ((0.1, 0.9), 7.0, 20.0)


@pytest.mark.parametrize(
    ("shape", "points", "message"),
    [
        pytest.param(Shape.LINE, [(20, 50), (20, 50)], "the two points are the same", id="a line of one point"),
        pytest.param(Shape.ZONE, TRIANGLE[:2], "at least 3", id="a zone of two points"),
        pytest.param(Shape.SPEED, [RECTANGLE[i] for i in (0, 2, 1, 3)], "four corners", id="a crossed rectangle"),
    ],
)
def test_what_is_no_shape_is_refused_with_a_reason(
    shape: Shape, points: list[tuple[float, float]], message: str
) -> None:
    plan = new_plan((7.0, 20.0))
    before = plan.settings
    draw(plan, shape, points)
    if shape is Shape.ZONE:
        plan.complete()
    assert message in plan.message
    assert (plan.settings, plan.points) == (before, [])
    draw(plan, Shape.LINE, [(0, 50), (200, 75)])
    assert plan.message == ""


def test_without_a_size_no_speed_rectangle_is_drawn() -> None:
    plan = new_plan()
    plan.choose(Shape.SPEED)
    assert "--width-m" in plan.message
    assert plan.shape is Shape.LINE


@pytest.mark.parametrize(
    ("shape", "points"),
    [
        pytest.param(Shape.LINE, [(0, 50), (200, 75)], id="a line"),
        pytest.param(Shape.ZONE, TRIANGLE, id="a zone"),
        pytest.param(Shape.SPEED, RECTANGLE, id="the speed rectangle"),
    ],
)
def test_points_and_then_shapes_are_taken_back(shape: Shape, points: list[tuple[float, float]]) -> None:
    plan = new_plan((7.0, 20.0))
    before = plan.settings
    draw(plan, shape, points)
    if shape is Shape.ZONE:
        plan.complete()
    drawn = plan.settings
    plan.click(5, 5)
    plan.undo()
    assert (plan.settings, plan.points) == (drawn, [])
    plan.undo()
    assert plan.settings == before != drawn


def test_choosing_another_shape_drops_unfinished_points() -> None:
    plan = new_plan()
    draw(plan, Shape.ZONE, TRIANGLE[:1])
    plan.choose(Shape.LINE)
    assert plan.points == []


@pytest.mark.parametrize("shape", [Shape.MASK, Shape.IGNORE])
def test_masks_and_areas_have_no_names_and_one_that_crosses_itself_is_refused(shape: Shape) -> None:
    plan = new_plan()
    plan.names = ["yard"]
    draw(plan, shape, TRIANGLE)
    plan.complete()
    plan.begin_name()
    assert (plan.typed, plan.message, plan.names) == (None, "only lines and zones have names", ["yard"])
    draw(plan, shape, [RECTANGLE[0], RECTANGLE[2], RECTANGLE[1], RECTANGLE[3]])
    plan.complete()
    assert "edges cross" in plan.message
    areas = plan.privacy.masks if shape is Shape.MASK else plan.settings.ignore
    assert [area.points for area in areas] == [[(0.1, 0.1), (0.5, 0.1), (0.5, 0.9)]]
    plan.undo()
    assert (plan.privacy.masks, plan.settings.ignore) == ([], [])
