"""The words the model reads: variants A to K and the texts of a trial, as files."""

from offswitch_prompts.loader import LETTERS, Prompt, PromptError, Variant, load_variants, select_letters, word

__all__ = ["LETTERS", "Prompt", "PromptError", "Variant", "load_variants", "select_letters", "word"]
