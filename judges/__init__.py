"""Who marks free text. Imports nothing of the other rooms; importing this loads no judge."""
