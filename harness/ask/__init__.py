"""Requests to engines, responses kept, scores given. Knows engines and tasks; must not know plans, weights or pages.

The forms of a response on its way: `Response` as the engine gives it, a line of the journal, `AskedSample` with its
item and score, an entry in the cell's file of responses, `Sample`, samples.parquet, a data frame, the page.
"""
