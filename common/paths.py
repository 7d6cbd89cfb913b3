"""Where Proctor's own files lie: the folder that holds the rooms, in a checkout and in an installed wheel alike."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
