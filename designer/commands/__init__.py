"""The commands of ``heddle``, one a module."""
