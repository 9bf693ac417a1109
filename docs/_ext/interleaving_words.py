"""The words of one line of a small scenario, taken from the left."""

from __future__ import annotations


class NotationError(ValueError):
    """A line that says no operation; the message names it and what is wrong."""


class Words:
    """The words of one line, taken from the left."""

    def __init__(self, line: int, words: list[str]) -> None:
        """Keep the number of the line for what has to be said of it."""
        self.line = line
        self._left = list(words)

    def error(self, what: str) -> NotationError:
        """An error that names the line."""
        return NotationError(f"line {self.line}: {what}")

    def word(self, what: str) -> str:
        """The next word. Errors: there is none, and `what` was expected."""
        if not self._left:
            message = f"{what} is missing"
            raise self.error(message)
        return self._left.pop(0)

    def number(self, what: str) -> int:
        """The next word, as a number."""
        word = self.word(what)
        try:
            return int(word, 0)
        except ValueError:
            message = f"{what} has to be a number, not {word!r}"
            raise self.error(message) from None

    def after(self, keyword: str, what: str) -> int:
        """The number behind this keyword, which comes next."""
        word = self.word(keyword)
        if word != keyword:
            message = f"{keyword!r} was expected where {word!r} stands"
            raise self.error(message)
        return self.number(what)

    def has(self, keyword: str) -> bool:
        """The next word is this one; it is taken."""
        if self._left[:1] != [keyword]:
            return False
        del self._left[0]
        return True

    def end(self, form: str) -> None:
        """Nothing is left over. Errors: something is."""
        if self._left:
            message = f"{' '.join(self._left)!r} is too much; the form is: {form}"
            raise self.error(message)
