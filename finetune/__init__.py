"""How weights are made: train, merge, quantise, export. Folder in, folder out; knows no exam, judge or
result.
"""

import logging

# On a processor with bfloat16 it advises, at import, a package that fetches code from a hub. It works without.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
