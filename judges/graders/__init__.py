"""Who is asked for a verdict, how it is asked, and how its reply is read and kept. Knows no exam and no figure."""
