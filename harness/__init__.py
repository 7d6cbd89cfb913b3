"""The conductor: plans what a suite needs, runs it sitting by sitting, writes the rows."""
