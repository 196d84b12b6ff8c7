"""The words the model reads: variants A to K, the factors they are made of, and the texts of a trial, as files."""

from offswitch_prompts.loader import LETTERS, Variant, load_variants, word
from offswitch_prompts.templates import Prompt, PromptError

__all__ = ["LETTERS", "Prompt", "PromptError", "Variant", "load_variants", "word"]
