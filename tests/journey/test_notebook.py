"""docs/first-board.ipynb: its cells run in their order, and give what the notebook shows below them."""

import ast
import json

import pandas as pd

from tests.support.command import ROOT


@pd.option_context("display.max_columns", 20)  # as a notebook has it
def test_every_cell_of_the_notebook_gives_what_it_shows(monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "docs")
    notebook = json.loads((ROOT / "docs" / "first-board.ipynb").read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 5
    names: dict[str, object] = {}
    for cell in cells:
        capsys.readouterr()
        body = ast.parse("".join(cell["source"])).body
        value = None
        if isinstance(body[-1], ast.Expr):
            last = ast.Expression(body.pop().value)
            exec(compile(ast.Module(body, []), "cell", "exec"), names)
            value = eval(compile(last, "cell", "eval"), names)
        else:
            exec(compile(ast.Module(body, []), "cell", "exec"), names)
        printed = capsys.readouterr().out
        for output in cell["outputs"]:
            if output["output_type"] == "stream":
                assert printed == "".join(output["text"])
            else:
                assert repr(value) == "".join(output["data"]["text/plain"])
    assert sum(bool(cell["outputs"]) for cell in cells) > 5
