"""docs/your-own-task.md: the files that it shows are written, and its commands are run, in a new project."""

import re
import shlex

from proctor.common.paths import inside
from proctor.harness import record
from proctor.harness.config.suite import SuiteFile
from proctor.tasks.index import find_task
from tests.support.command import ROOT, proctor

PAGE = ROOT / "docs" / "your-own-task.md"
BLOCK = re.compile(r"(?:<!-- (file: (?P<file>\S+)|run) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


def test_every_block_of_the_page_does_what_it_says(tmp_path):
    (tmp_path / "p").mkdir()
    made = proctor("init", "p", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "p" / "suites" / "main.yaml").write_text("variants: [tiny]\ntasks: []\nbaseline: tiny\n")
    (tmp_path / "p" / "variants" / "tiny.yaml").write_text("base: finetune/tiny\n")
    said = []
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        if block["file"]:
            path = tmp_path / "p" / block["file"]
            path.parent.mkdir(exist_ok=True)
            path.write_text(block["text"], "utf-8")
        elif block["kind"] == "sh":
            for line in block["text"].splitlines():
                done = proctor(*shlex.split(line)[1:], cwd=tmp_path / "p")
                assert done.returncode == 0, line + done.stderr
                said.append(done.stdout)
        else:
            import yaml

            SuiteFile.model_validate({"name": "x"} | yaml.safe_load(block["text"]))
    assert len(said) == 4
    assert "added to suites/main.yaml" in said[0]
    assert '"score": "number"' in said[0]
    assert "4 items" in said[1]
    assert "none with so few items" in said[1]
    assert "The capital of France?" in said[3]
    cell = record.read(tmp_path / "p" / "results", "tiny", "quiz")
    assert cell.run.rows == 4
    assert cell.rows()["prompt"].str.contains("Give the number alone.").all()
    with inside(tmp_path / "p"):
        assert find_task("quiz").title == "Quiz"
