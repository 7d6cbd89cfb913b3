"""Speech: spoken numbers become digits, a recording becomes words, and what cannot be heard is said in a line."""

from pathlib import Path

import pytest

from proctor.common.refusal import Refusal
from proctor.harness.chat import voice
from proctor.harness.chat.labels import ClickedLabels
from proctor.harness.chat.spoken import with_digits
from proctor.harness.chat.tutor import Tutor
from proctor.harness.config.variant import Variant
from proctor.harness.engines import open_engine
from proctor.harness.engines.protocol import Weights
from tests.support.chat_server import SPOKEN, needs_gradio, needs_voice, silence


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("seven hundred and five", "705"),
        ("seven hundred five sheep", "705 sheep"),
        ("twelve thousand three hundred and forty-five", "12345"),
        ("two million, four hundred thousand and six", "2400006"),
        ("fifteen hundred divided by thirty", "1500 divided by 30"),
        ("a hundred and one, a thousand and ten", "101, 1010"),
        ("nineteen eighty four", "1984"),
        ("four oh three minus one six eight", "403 minus 168"),
        ("three point one four, point five and zero point zero seven five", "3.14, 0.5 and 0.075"),
        ("three point twenty five", "3.25"),
        ("two and a half times four", "2 1/2 times 4"),
        ("one and a half hours, five hundred and two thirds", "1 1/2 hours, 500 2/3"),
        ("three quarters of forty eight", "3/4 of 48"),
        ("seven eighths, one third, five and two thirds, a quarter of ten", "7/8, 1/3, 5 2/3, 1/4 of 10"),
        ("twenty-one hundredths", "21/100"),
        ("thirty five percent of two hundred and forty", "35 percent of 240"),
        ("one plus two is three", "1 plus 2 is 3"),
        ("negative five minus negative twelve", "-5 minus -12"),
        ("two three-digit numbers", "2 3-digit numbers"),
        ("Five more pupils", "5 more pupils"),
        # What Whisper writes of 'seven hundred and five', 'two hundred and eighty', and of a mixed number.
        ("a farmer has 700 and 5 sheep. He sells 200 and 80.", "a farmer has 705 sheep. He sells 280."),
        ("3 thousand 2 hundred and 4, and 2 and a half", "3204, and 2 1/2"),
        ("1,500 and 2, 500 and 2 thirds, two three four", "1502, 500 2/3, 234"),
        ("3 point 5", "3.5"),
    ],
)
def test_spoken_numbers_become_digits(heard: str, written: str) -> None:
    assert with_digits(heard) == written


@pytest.mark.parametrize(
    "text",
    [
        "one of them is right, and which one is wrong?",
        "the second lesson takes 30 seconds in third grade",
        "half of the apples, half an hour, a third time",
        "the twenty-first of May is the twenty first day",
        "the sum of 700 and 5, between 200 and 80",
        "7 and 5, 20 and 12, 700 and 500",
        "half a million, 6 one-dollar bills",
        "someone alone attended often",
        "point A and a point",
        "",
    ],
)
def test_words_that_are_no_numbers_stay(text: str) -> None:
    assert with_digits(text) == text


def test_long_speech_takes_no_longer_than_its_length() -> None:
    text = "seven hundred and " * 20_000
    assert with_digits(text).startswith("700 and 700 and")


@needs_voice
def test_words_are_heard_and_their_numbers_written_in_digits() -> None:
    assert voice.written(SPOKEN) == "Tom has 3 apples and buys 5 more. How many apples does he have?"


@needs_voice
def test_an_hour_silence_and_what_is_no_recording_are_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="longer than 2 minutes"):
        voice.written(silence(tmp_path / "hour.wav", 3600))
    with pytest.raises(Refusal, match="no words"):
        voice.written(silence(tmp_path / "silence.wav", 3))
    (tmp_path / "text.wav").write_text("Tom has three apples", encoding="utf-8")
    for path in (tmp_path / "text.wav", silence(tmp_path / "empty.wav", 0)):
        with pytest.raises(Refusal, match=r"no recording|no words"):
            voice.written(path)


@needs_voice
def test_a_recording_that_names_other_places_opens_none_of_them(tmp_path: Path) -> None:
    places = [SPOKEN.resolve().as_uri(), str(SPOKEN.resolve())]
    for text in ("#EXTM3U\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{}'\n"):
        for place in places:
            (tmp_path / "list.m3u8").write_text(text.format(place), encoding="utf-8")
            with pytest.raises(Refusal, match="no recording"):
                voice.written(tmp_path / "list.m3u8")


@needs_gradio
def test_without_the_extra_the_button_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from proctor.harness.chat.page import open_page

    (tmp_path / "answers.jsonl").write_text("", encoding="utf-8")
    base = str(tmp_path / "answers.jsonl")
    variant = Variant(name="book", about="a book", base=base, engine="echo")
    book = Tutor(variant, open_engine("echo", Weights(base)), {})
    monkeypatch.setitem(voice.PACKAGES, "faster-whisper", "a_module_that_is_not_there")
    page = str(open_page([book], ClickedLabels(tmp_path / "labels.csv"), blind=False).config)
    assert "pip install faster-whisper" in page
    assert "Speak instead of typing" in page
    assert "Record, or choose a recording" not in page
