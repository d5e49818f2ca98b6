"""A camera that speaks RTSP, on loopback. Run by ``tests/servers.py`` with the system's own Python.

Each picture, 320x180, shows the milliseconds of the monotonic clock at which it was made as a bar code of 40 bits.
"""

import argparse
import time
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - the versions come first

BITS, BIT_WIDTH, HEIGHT = 40, 8, 180
WIDTH = BITS * BIT_WIDTH
BLACK, WHITE, GREY = b"\x10", b"\xeb", b"\x80"

PIPELINE = (
    "appsrc name=pictures is-live=true do-timestamp=true format=time "
    f"caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={{fps}}/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} bitrate=2000 "
    "! rtph264pay name=pay0 pt=96 config-interval=1"
)


def picture() -> bytes:
    """The planes of one picture."""
    milliseconds = int(time.monotonic() * 1000)
    row = b"".join((WHITE if milliseconds >> bit & 1 else BLACK) * BIT_WIDTH for bit in range(BITS))
    return row * HEIGHT + GREY * (WIDTH * HEIGHT // 2)


class Camera(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc]
    """Makes the stream; all who watch share it."""

    def __init__(self, fps: int) -> None:
        super().__init__()
        self._fps = fps
        self.set_shared(True)

    def do_create_element(self, _url: Any) -> Any:
        return Gst.parse_launch(PIPELINE.format(fps=self._fps))

    def do_configure(self, media: Any) -> None:
        pictures = media.get_element().get_child_by_name("pictures")

        def push() -> bool:
            return bool(pictures.emit("push-buffer", Gst.Buffer.new_wrapped(picture())) == Gst.FlowReturn.OK)

        GLib.timeout_add(1000 // self._fps, push)


def protect(server: Any, camera: Camera, password: str) -> None:
    """Let only ``admin`` watch."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic("admin", password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role("viewer")
    for what in ("access", "construct"):
        permissions.add_permission_for_role("viewer", f"media.factory.{what}", True)
    camera.set_permissions(permissions)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("--password")
    parser.add_argument("--fps", type=int, default=25)
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    camera = Camera(options.fps)
    if options.password:
        protect(server, camera, options.password)
    server.get_mount_points().add_factory("/live", camera)
    if not server.attach(None):
        raise SystemExit("the port is taken")
    print("ready", flush=True)  # noqa: T201 - whoever started it waits for this
    GLib.MainLoop().run()


main()
