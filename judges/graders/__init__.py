"""Who is asked for a verdict, how it is asked, and how its reply is read and kept. Must not know rubrics or tasks."""
