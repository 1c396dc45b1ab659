"""All or nothing, with our own errors in place of SQLite's."""

import sqlite3
from types import TracebackType

from .errors import UnstorableError, named_error, unavailable_error


class Atomic:
    """What is written inside is stored together or not at all; may be nested.

    The outermost one is a transaction and durable once it is left; an inner one is a savepoint.
    SQLite's errors, and values that it cannot hold, leave as our named errors.
    """

    __slots__ = ("_connection", "_is_outermost")

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Do nothing until entered."""
        self._connection = connection
        self._is_outermost = True

    def __enter__(self) -> None:
        """Begin; nothing is locked before the first statement."""
        try:
            self._is_outermost = not self._connection.in_transaction
            self._connection.execute("BEGIN" if self._is_outermost else "SAVEPOINT item")
        except sqlite3.Error as err:
            raise named_error(err) from err

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Keep what was written, or take it back."""
        if error is None:
            self._keep()
            return
        self._take_back()
        if isinstance(error, sqlite3.Error):
            raise named_error(error) from error
        if isinstance(error, UnicodeEncodeError | OverflowError):
            raise UnstorableError(str(error)) from error

    def _keep(self) -> None:
        try:
            self._connection.execute("COMMIT" if self._is_outermost else "RELEASE item")
        except sqlite3.Error as err:
            self._take_back()
            raise unavailable_error(err) from err

    def _take_back(self) -> None:
        if not self._connection.in_transaction:
            return  # a full or failing disk has ended it already (sqlite.org/lang_transaction.html)
        if self._is_outermost:
            self._connection.execute("ROLLBACK")
        else:
            self._connection.execute("ROLLBACK TO item")
            self._connection.execute("RELEASE item")
