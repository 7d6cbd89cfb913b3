"""Files of JSON lines that a user brings: read whole, or refused with the line that is wrong."""

import pytest

from proctor.common.files import read_kept
from proctor.common.json_lines import parse_json, read_json_lines
from proctor.common.refusal import Refusal

LOOKS_LIKE = '{"text": ...}'


def test_rows_come_with_the_numbers_of_their_lines(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('\ufeff{"text": "one"}\n\n{"text": "\\u2028 two"}\r\n', encoding="utf-8")
    assert list(read_json_lines(path, LOOKS_LIKE)) == [(1, {"text": "one"}), (3, {"text": "\u2028 two"})]


def test_half_a_character_is_replaced_since_no_table_can_hold_it(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "\\ud83d and \\ud83d\\ude0a"}\n')
    assert list(read_json_lines(path, LOOKS_LIKE)) == [(1, {"text": "\ufffd\ufffd\ufffd and 😊"})]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"text": 1}\n{"text"', "line 2 is no JSON: .*; rows look like"),
        (b'{"text": 1}\n[1]', "line 2 is no JSON object; rows look like"),
        (b"[" * 90_000, "line 1 holds a number or a nesting beyond what can be read"),
        (b'{"text": ' + b"9" * 5_000 + b"}", "line 1 holds a number or a nesting beyond what can be read"),
        (b'{"text": "\xff"}', "not UTF-8 text; save it as UTF-8"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line_with_the_file(tmp_path, content, problem):
    path = tmp_path / "texts.jsonl"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=problem) as refused:
        list(read_json_lines(path, LOOKS_LIKE))
    assert str(refused.value).count("texts.jsonl") == 1
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refusal, match="no such file; give the path of a JSONL file"):
        list(read_json_lines(tmp_path / "none.jsonl", LOOKS_LIKE))


@pytest.mark.parametrize(
    "line", ['{"score": 1, "score": 0}', '{"a": {"b": 1, "b": 2}}', '{"s": "\\ud800", "s": 1}']
)
def test_a_key_that_stands_twice_in_a_row_is_refused_with_its_line(tmp_path, line):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"score": 1}\n' + line + "\n")
    with pytest.raises(Refusal, match=r"line 2 has '.' twice|line 2 has 'score' twice"):
        list(read_json_lines(path, "{}"))


@pytest.mark.parametrize("depth", [101, 300, 900, 960, 990, 100_000])
def test_json_that_a_later_step_could_not_write_is_refused_at_every_depth(tmp_path, depth):
    """Between the depth that Python can parse and the one that it can write lie some dozens."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": ' + "[" * depth + "]" * depth + "}")
    with pytest.raises(Refusal, match="line 1 holds a number or a nesting beyond"):
        list(read_json_lines(path, "{}"))


def test_a_kept_file_nested_to_any_depth_is_made_anew(tmp_path):
    path = tmp_path / "kept.json"
    for depth in [*range(800, 1000), 100_000]:
        path.write_text('{"check": "0", "a": ' + "[" * depth + "]" * depth + "}")
        assert read_kept(path) is None


def test_json_as_deep_as_anybody_writes_is_read():
    assert parse_json("[" * 100 + "]" * 100)
