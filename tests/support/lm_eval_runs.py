"""The stock lm-eval as tests run it: all that it does but one thing.

Of each run it says which machine it was made on, and asks pip, gcc and lscpu for it: most of a second, which no test
reads.
"""

from typing import Any
from unittest.mock import patch


def simple_evaluate(model: Any, **arguments: Any) -> dict[str, Any]:
    import lm_eval

    with patch("torch.utils.collect_env.get_pretty_env_info", lambda: "not asked"):
        return dict(lm_eval.simple_evaluate(model, **arguments))
