"""Stock tasks by their names: lm_eval.py and inspect.py of this folder find them, ask and score as they do."""
