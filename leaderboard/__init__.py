"""What the rows mean: intervals, paired tests, tables and the board. Reads results through harness.record alone."""
