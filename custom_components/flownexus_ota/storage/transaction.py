"""All or nothing, with our own errors in place of SQLite's."""

import sqlite3
from types import TracebackType

from .errors import UnstorableError, named_error


class Atomic:
    """What is written inside is stored together or not at all; may be nested.

    The outermost one is a transaction of its own and commits at its end. SQLite's errors, and
    values that it cannot hold, leave as our named errors.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Do nothing until entered."""
        self._connection = connection

    def __enter__(self) -> None:
        """Begin."""
        try:
            self._connection.execute("SAVEPOINT item")
        except sqlite3.Error as err:
            raise named_error(err) from err

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Keep what was written, or take it back."""
        if error is None:
            try:
                self._connection.execute("RELEASE item")
            except sqlite3.Error as err:
                self._take_back()
                raise named_error(err) from err
            return
        self._take_back()
        if isinstance(error, sqlite3.Error):
            raise named_error(error) from error
        if isinstance(error, UnicodeEncodeError | OverflowError):
            raise UnstorableError(str(error)) from error

    def _take_back(self) -> None:
        # A full disk may have ended the transaction already (sqlite.org/lang_transaction.html).
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO item")
            self._connection.execute("RELEASE item")
