"""What the packets of one stream say about it, gathered in constant memory."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

from watchdown.media.rates import RateMeter
from watchdown_schemas.time import from_pts


@dataclass(slots=True)
class Track:
    """What the packets of one stream say; `key` is the time stamp of its first keyframe."""

    stream: Stream
    packets: int = 0
    cut: bool = False
    key: int | None = None
    first: int | None = None
    last: int = 0
    last_duration: int = 0
    meter: RateMeter | None = None
    picture: VideoFrame | None = None
    fault: av.error.FFmpegError | None = None

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of the time stamps."""
        return self.stream.time_base or Fraction(1, 1_000_000)

    @property
    def end_ns(self) -> int:
        """The container's time at which the stream ends."""
        return from_pts(self.last + self.last_duration, self.time_base)

    def take(self, packet: Packet[Stream]) -> None:
        """Count a packet."""
        if packet.is_corrupt:
            self.cut = True
            return
        self.packets += 1
        pts = packet.pts if packet.pts is not None else packet.dts
        if self.key is None and packet.is_keyframe:
            self.key = pts
        # What precedes the first keyframe, in the file or on screen, cannot be decoded.
        if pts is None or self.key is None or pts < self.key or packet.is_discard:
            return
        if self.meter is not None:
            if not _is_shown(packet):
                return
            self.meter.add(pts)
        self.first = pts if self.first is None else min(self.first, pts)
        if pts >= self.last:
            self.last, self.last_duration = pts, packet.duration or 0

    def try_picture(self, packet: Packet[Stream]) -> None:
        """Decode until the first picture comes out."""
        try:
            self.picture = next((f for f in packet.decode() if isinstance(f, VideoFrame)), None)
        except av.error.FFmpegError as error:
            self.fault = error


def _is_shown(packet: Packet[Stream]) -> bool:
    """Say whether a packet leads to a picture: VP8 stores pictures that only others refer to."""
    return packet.stream.codec_context.codec.canonical_name != "vp8" or bool(bytes(packet)[0] & 0x10)
