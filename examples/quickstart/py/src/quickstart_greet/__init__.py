"""Makes greetings."""

import sys


def greeting(name: str) -> str:
    """A greeting for `name`."""
    return f"Hello, {name}!"


def main() -> None:
    """Prints a greeting."""
    print(greeting(sys.argv[1] if len(sys.argv) > 1 else "wheels"))
