"""The user's own tasks, a YAML each: task.py reads them, scores.py scores, rows.py reads data, guess.py begins one."""
