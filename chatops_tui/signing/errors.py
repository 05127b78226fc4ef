"""What goes wrong with keys."""


class SigningError(Exception):
    """A key cannot be made, read or used; the text is a sentence for a person."""
