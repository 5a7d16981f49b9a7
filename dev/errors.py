"""What the person at the terminal has to put right."""


class StartError(Exception):
    """The start cannot go on; the text is a sentence to show as it is, without a traceback."""
