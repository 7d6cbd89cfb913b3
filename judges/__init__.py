"""Who scores free text. Importing this loads no judge.

Knows judges, graders, people and plans; must not know tasks, variants or results.
"""
