"""How weights are made: train, merge, quantise, export. Folder in, folder out; knows no task, judge or result.

stages = plan_stages("finetune/tiny", Recipe.load("tiny-lora"), data_digests, merge=True, quantization="q8_0")
built = build("finetune/tiny", stages, store, data, progress)
built.gguf                # .../quantize-<digest>/q8_0.gguf
"""

import logging

# On a processor with bfloat16 it advises, at import, a package that fetches code from a hub. It works without.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
# It warns of a text longer than the model's context, which is told of each request that does not fit.
logging.getLogger("transformers.tokenization_utils_base").setLevel(logging.ERROR)
