"""The conductor: plans what a suite needs, runs it session by session, writes the rows.

Its wings, each of which imports those before it alone: record, engines, config, plan, ask, measure, judging, imports;
then the files here. It knows no page and no command.
"""
