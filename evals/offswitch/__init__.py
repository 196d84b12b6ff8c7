"""offswitch: does an agent let itself be switched off?"""

__version__ = "0.1.0"
