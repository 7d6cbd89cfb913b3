"""Questions out of exams: real PDFs in many layouts, and what is left out of a training set and why."""

import json
from pathlib import Path

import pytest

pytest.importorskip("pypdfium2")
pytest.importorskip("reportlab")

from proctor.common.refusal import Refusal
from proctor.finetune.train.data import read_chats
from proctor.tasks.prompt_pack import Pack
from proctor.tasks.questions import docs
from proctor.tasks.questions.collect import chats, of_exam, reasons, sift
from proctor.tasks.questions.pdf import read_pages
from proctor.tasks.questions.reading import from_text
from tests.conftest import proctor
from tests.support.exams import exam, scan

ENGLISH = [
    ("What is the capital of Portugal?", ("Porto", "Lisbon", "Madrid", "Faro"), "B"),
    ("Which animal lays eggs?", ("A hen", "A cow", "A goat", "A bat"), "A"),
    ("She has lived here ___ 2015.", ("for", "in", "since", "at"), "C"),
    ("Which word means the same as 'huge'?", ("tiny", "round", "heavy", "enormous"), "D"),
    ("How do you feel when you have not slept well and must get up at five in the morning?",
     ("full of joy and ready to run a race", "tired and a little slow to answer", "hungry and ready to eat a horse",
      "proud of the work that has been done"), "B"),
    ("Choose the plural of 'child'.", ("childs", "childes", "children", "childrens"), "C"),
]  # fmt: skip
CHINESE = [
    (
        "「守株待兔」這個成語諷刺哪一種人？",
        ("勤勞耕作的人", "不知變通的人", "喜愛動物的人", "樂於助人的人"),
        "B",
    ),
    ("下列哪一個字的部首是「水」？", ("江", "灶", "柏", "鈴"), "A"),
    ("「他（　）跑得快，而且跳得高。」括號裡應填入哪一個詞？", ("因為", "如果", "雖然", "不但"), "D"),
    ("下列何者不是端午節的習俗？", ("划龍舟", "吃粽子", "賞月亮", "掛艾草"), "C"),
]
KEYS = {"round": "(A)(B)(C)(D)", "circles": "①②③④", "dots": "A.B.C.D."}


def marked(options, style, glue="\n"):
    marks = {"round": ["(A)", "(B)", "(C)", "(D)"], "circles": list("①②③④"), "dots": ["A. ", "B. ", "C. ", "D. "],
             "wide": ["（Ａ）", "（Ｂ）", "（Ｃ）", "（Ｄ）"]}[style]  # fmt: skip
    return glue.join(mark + option for mark, option in zip(marks, options, strict=True)).split("\n")


def lines(questions, style="round", glue="\n", keys="end", first=1):
    made = []
    for number, (stem, options, key) in enumerate(questions, first):
        front = {"front": f"( {key} ) ", "blank": "(    ) "}.get(keys, "")
        made += [f"{front}{number}. {stem}", *marked(options, style, glue)]
        if keys == "behind":
            made.append(f"Answer: {key}")
        made.append("")
    if keys in ("end", "blank"):
        made += ["", "Answer Key", "  ".join(f"{n}. {key}" for n, (_, _, key) in enumerate(questions, first))]
    return made


def drawn(path, subject=None):
    return [
        (each.question.stem, each.question.options, each.question.key)
        for each in of_exam(read_pages(path), path.name, subject)
    ]


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("keys", ["end", "front", "behind", "blank"])
@pytest.mark.parametrize(
    ("style", "glue"), [("round", "\n"), ("round", "\t"), ("circles", "  "), ("dots", "\n"), ("wide", "  ")]
)
def test_english_questions_are_drawn_from_every_layout(tmp_path, style, glue, keys, columns, shuffled):
    questions = [q for q in ENGLISH if glue == "\n" or len(q[0]) < 60]
    if glue != "\n" and columns == 2:
        questions = [(stem, tuple(option[:6] for option in options), key) for stem, options, key in questions]
    text = lines(questions, style, glue, keys)
    half = (
        next(at for at in range(len(text) // 2 - 1, len(text)) if not text[at]) if columns == 2 else len(text)
    )
    page = [*text[:half], *(["|"] if columns == 2 else []), *text[half + 1 :]]
    path = exam(
        tmp_path / "e.pdf",
        [["= English test, part one, for all pupils of grade six", *page]],
        columns,
        shuffled=shuffled,
    )
    assert drawn(path) == questions


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize(("style", "glue"), [("round", "\n"), ("wide", " "), ("circles", "  ")])
def test_chinese_questions_are_drawn_with_their_characters(tmp_path, style, glue, columns):
    text = lines(CHINESE, style, glue, "front")
    half = text.index("", len(text) // 2 - 1)
    page = [*text[:half], *(["|"] if columns == 2 else [""]), *text[half + 1 :]]
    path = exam(tmp_path / "z.pdf", [["= 國文科期中測驗　班級：　座號：　姓名：", *page]], columns)
    assert [(s.replace(" ", ""), o, k) for s, o, k in drawn(path)] == [
        (s.replace("　", ""), o, k) for s, o, k in CHINESE
    ]


def test_a_mixed_exam_over_two_pages_knows_subjects_pages_and_its_own_keys(tmp_path):
    maths = [
        ("What is 7 × 8?", ("54", "56", "63", "48"), "B"),
        ("Calculate 1/2 + 1/4.", ("3/4", "2/6", "1/8", "1"), "A"),
    ]
    first = ["Part I English", *lines(ENGLISH[:3], keys="none")]
    second = [
        "第二部分 國文",
        *lines(CHINESE[:2], keys="none", first=4),
        "Part III Mathematics",
        *lines(maths, keys="none", first=6),
    ]
    path = exam(
        tmp_path / "m.pdf",
        [first, [*second, "", "解答", "1-5 BACBA", "6. B  7. A"]],
        head="Grade 6 final exam",
    )
    found = of_exam(read_pages(path), "m.pdf")
    assert [each.question.key for each in found] == ["B", "A", "C", "B", "A", "B", "A"]
    assert [each.subject for each in found] == ["english"] * 3 + ["chinese"] * 2 + ["mathematics"] * 2
    assert [each.page for each in found] == [1, 1, 1, 2, 2, 2, 2]
    assert not [each.why for each in found if each.why]


def test_numbers_that_start_again_take_the_keys_of_their_own_part(tmp_path):
    page = [
        "Part I", *lines(ENGLISH[:2], keys="none"), "Part II", *lines(ENGLISH[2:4], keys="none"), "",
        "Answers", "Part I", "1. B 2. A", "Part II", "1. C 2. D",
    ]  # fmt: skip
    assert [key for _, _, key in drawn(exam(tmp_path / "p.pdf", [page]))] == ["B", "A", "C", "D"]
    page[-2:] = []
    assert [key for _, _, key in drawn(exam(tmp_path / "q.pdf", [page]))] == [
        "",
        "",
        "",
        "",
    ]  # whose they are is not known


def test_statements_in_a_stem_are_no_options(tmp_path):
    page = [
        "1. 下列哪些是昆蟲？", "①螞蟻 ②蜘蛛 ③蜜蜂 ④蚯蚓", "(A)①② (B)①③ (C)②④ (D)③④", "",
        "2. 下列何者是鳥類？", "(A)蝙蝠 (B)企鵝 (C)鯨魚 (D)青蛙", "", "答案", "1.(B) 2.(B)",
    ]  # fmt: skip
    found = drawn(exam(tmp_path / "s.pdf", [page]))
    assert [(options, key) for _, options, key in found] == [
        (("①②", "①③", "②④", "③④"), "B"), (("蝙蝠", "企鵝", "鯨魚", "青蛙"), "B"),
    ]  # fmt: skip
    assert "螞蟻" in found[0][0]


PASSAGE = (
    "Read the text and answer questions 1-2. The old mill at Borley has not ground any corn since 1931. Last year a "
    "group of neighbours bought it for a single pound, cleaned the wheel and rebuilt the wooden channel that carries "
    "water to it. On Sundays visitors can now watch the stones turn and take a small bag of flour home with them."
)
READING = [
    ("When did the mill stop working?", ("In 1931", "In 1913", "Last year", "Last Sunday"), "A"),
    ("What can visitors take home?", ("A stone", "Some flour", "A wheel", "Some corn"), "B"),
    ("Which word rhymes with 'mill'?", ("mile", "meal", "hill", "mall"), "C"),
]


def test_a_text_to_read_stays_with_its_questions_and_with_no_other(tmp_path):
    path = exam(tmp_path / "r.pdf", [[PASSAGE, "", *lines(READING)]])
    found = of_exam(read_pages(path), "r.pdf")
    assert [bool(each.passage) for each in found] == [True, True, False]
    assert found[0].passage.endswith("take a small bag of flour home with them.")
    kept, dropped = sift(found)
    assert not dropped
    both, alone = chats(kept, Pack.load("default"))
    assert (both["questions"], alone["questions"]) == (2, 1)
    assert "ground any corn since 1931" in both["prompt"][0]["content"]
    assert "Evidence" not in both["prompt"][0]["content"] + both["completion"][0]["content"]
    assert (
        alone["completion"][0]["content"]
        == "1. Which word rhymes with 'mill'?\nA. mile\nB. meal\nC. hill\nD. mall\nAnswer: C"
    )


@pytest.mark.parametrize(
    "heading", ["Part II. Read the text and answer questions 2-3.", "Questions 2 to 3", "SECTION B"]
)
def test_a_new_part_ends_the_last_option_without_an_empty_line(heading):
    first = "1. One?\nA. a\nB. b\nC. c\nD. run down\nthe hill\n"
    text = f"{first}{heading}\nA text.\n2. Two?\nA. a\nB. b\nC. c\nD. d\n"
    first, second = from_text(text)
    assert first.options[3] == "run down the hill"
    assert second.before.startswith(heading)


def test_keys_behind_a_heading_in_two_languages_are_found():
    options = "A. a\nB. b\nC. c\nD. d\n"
    text = f"1. One?\n{options}\n2. 二？\n{options}\n3. Three?\n{options}\nAnswers 解答：1-2 CB　3. A\n"
    questions = from_text(text)
    assert [question.key for question in questions] == ["C", "B", "A"]


def test_what_is_left_out_is_named_with_its_reason_and_page(tmp_path):
    questions = [
        ENGLISH[0],
        ("What does the picture show?", ("A hen", "A cow", "A goat", "A pig"), "A"),
        ("Which is a colour?", ("red", "red", "dog", "run"), "A"),
        ENGLISH[0],
        ("Which is a fruit?", ("apple", "chair", "stone", "river"), "E"),
        ("According to the story, who came first?", ("Tom", "Ann", "Ben", "Mia"), "A"),
        ("What is 6 × 7?", ("42", "48", "36", "49"), "C"),
        ("Which is a bird?", ("owl", "cat", "bee", "elk"), ""),
    ]
    kept, dropped = sift(
        of_exam(read_pages(exam(tmp_path / "d.pdf", [lines(questions, keys="behind")])), "d.pdf")
    )
    assert [each.question.stem for each in kept] == [ENGLISH[0][0]]
    assert [each.question.number for each in dropped] == ["2", "3", "4", "5", "6", "7", "8"]
    assert "picture" in dropped[0].why
    assert "same" in dropped[1].why
    assert "question 1 of d.pdf" in dropped[2].why
    assert "'E'" in dropped[3].why
    assert "there is none" in dropped[4].why
    assert "gives 42" in dropped[5].why
    assert "no key is named" in dropped[6].why
    assert {each.page for each in dropped} == {1}
    assert sum(reasons(dropped).values()) == 7


def test_nothing_of_the_test_comes_into_a_training_set(tmp_path):
    doc = docs("test")[0]
    asked = [(question["stem"], tuple(question["options"]), question["key"]) for question in doc["questions"]]
    page = [*doc["passage"].split("\n"), "", *lines(asked, keys="behind")]
    kept, dropped = sift(of_exam(read_pages(exam(tmp_path / "t.pdf", [page])), "t.pdf"))
    assert not kept
    assert all(doc["id"] in each.why for each in dropped)
    assert len(dropped) == 3


def test_a_scan_a_broken_file_and_no_file_are_refused_by_name(tmp_path):
    with pytest.raises(Refusal, match=r"a scan: it has no text.*scan\.pdf"):
        read_pages(scan(tmp_path / "scan.pdf"))
    broken = tmp_path / "broken.pdf"
    broken.write_text("no PDF at all")
    with pytest.raises(Refusal, match=r"not readable as a PDF.*broken\.pdf"):
        read_pages(broken)
    with pytest.raises(Refusal, match="no such file"):
        read_pages(tmp_path / "missing.pdf")


def test_the_command_writes_chats_that_training_reads_and_says_what_it_left_out(tmp_path):
    path = exam(tmp_path / "exam.pdf", [lines([*ENGLISH, *ENGLISH[:1]], keys="behind")])
    out = tmp_path / "set" / "questions.jsonl"
    done = proctor("collect", "pdf", str(path), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "6 questions in 6 chats" in done.stdout
    assert "1 question left out" in done.stdout
    assert len(read_chats(out)) == 6
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {(row["source"], row["page"], row["subject"]) for row in rows} == {("exam.pdf", 1, "english")}
    (left_out,) = [
        json.loads(line)
        for line in Path(str(out).replace(".jsonl", ".dropped.jsonl")).read_text().splitlines()
    ]
    assert "repeats question 1 of exam.pdf" in left_out["why"]
    refused = proctor("collect", "pdf", str(scan(tmp_path / "scan.pdf")), "--out", str(out))
    assert refused.returncode == 2
    assert "scan.pdf" in refused.stderr


def test_a_model_writes_on_articles_and_only_what_keeps_every_rule_is_kept(tmp_path):
    text = PASSAGE.partition(". ")[2]
    article = tmp_path / "mill.txt"
    article.write_text(text, encoding="utf-8")
    tested = tmp_path / "tested.txt"
    tested.write_text(docs("test")[0]["passage"], encoding="utf-8")
    from proctor.tasks.questions.collect import article_doc

    response = (
        "1. When did the mill stop its work?\nA. In 1931\nB. In 1913\nC. In 1950\nD. In 1905\nAnswer: A\n"
        "Evidence: The old mill at Borley has not ground any corn since 1931.\n\n"
        "2. What did the neighbours pay for the mill?\nA. Ten pounds\nB. One pound\nC. Two pounds\nD. Six pounds\n"
        "Answer: B\n"
        "Evidence: They paid next to nothing for it.\n"
    )
    answers = tmp_path / "answers.jsonl"
    answers.write_text(
        json.dumps({"question": article_doc(text)["material"], "response": response}) + "\n", encoding="utf-8"
    )
    out = tmp_path / "written.jsonl"
    done = proctor(
        "collect", "articles", str(article), str(tested), "--out", str(out), "--writer", str(answers),
        "--engine", "echo",
        "--store", str(tmp_path / "store"), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["questions"], told["dropped"]) == (1, 2)
    assert set(told["reasons"]) == {
        "the evidence does not stand in the passage",
        "shares 10 words or characters in a row with the test",
    }
    (row,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert row["writer"] == str(answers)
    assert "Evidence: The old mill" in row["completion"][0]["content"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nix.txt", None, "no such file"),
        ("empty.txt", "\n\n", "holds no text"),
        ("rows.jsonl", '{"text": "a"}\n{"txt": "b"}\n', 'text 2 has no "text"'),
    ],
)
def test_a_file_without_texts_is_refused_once_by_name_and_in_words_of_no_other_command(
    tmp_path, name, content, words
):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"question": "?", "response": "!"}\n', encoding="utf-8")
    refused = proctor(
        "collect", "articles", str(path), "--out", str(tmp_path / "o.jsonl"), "--writer", str(answers),
        "--engine", "echo", "--store", str(tmp_path / "store"),
    )  # fmt: skip
    line = refused.stderr.strip().splitlines()[-1]
    assert refused.returncode == 2
    assert words in line
    assert line.count(str(path)) == 1
    assert "label" not in line


def test_nothing_to_learn_from_is_refused_and_the_reasons_stand_beside_it(tmp_path):
    path = exam(tmp_path / "bad.pdf", [lines([("Which is a bird?", ("owl", "cat", "bee", "elk"), "")])])
    out = tmp_path / "new" / "questions.jsonl"
    refused = proctor("collect", "pdf", str(path), "--out", str(out))
    assert refused.returncode == 2
    assert "no question to learn from; 1 left out" in refused.stderr
    assert "no key is named" in out.with_suffix(".dropped.jsonl").read_text(encoding="utf-8")
    assert not out.exists()


def test_an_unknown_subject_is_refused_with_those_that_there_are(tmp_path):
    path = exam(tmp_path / "exam.pdf", [lines(ENGLISH)])
    refused = proctor("collect", "pdf", str(path), "--out", str(tmp_path / "o.jsonl"), "--subject", "maths")
    assert refused.returncode == 2
    assert "'maths' is not one of 'english', 'chinese', 'mathematics'" in refused.stderr
    assert of_exam(read_pages(path), "exam.pdf", "mathematics")[0].subject == "mathematics"
