"""The folder of a run: what has been done of it, so that a stopped or killed one goes on where it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FORMAT = 1
_LOCK = "lock"


@frozen(kw_only=True)
class Progress:
    """What ``run.json`` says of a run."""

    asked: str
    """A digest of what was asked for: another question is another run."""
    started_at: datetime
    read_at: datetime | None = None
    """Until when the ledger knows of movements; None until it has been read."""
    sessions: int = 0
    """Times it was begun or gone on with."""
    seconds: float = 0.0
    """What they took together, but for those that were killed."""
    requests: int = 0
    """Requests they sent, those of chunks that had to be read again included; but for those that were killed."""
    finished: bool = False
    """Whether every wallet has been read and compared."""


class State:
    """The folder of one run.

    Args:
        folder: It is made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger: Path = folder / "ledger.parquet"
        self.listed: Path = folder / "listed.parquet"
        self.wallets: Path = folder / "wallets.parquet"
        self.history: Path = folder / "history"
        self.differences: Path = folder / "differences.parquet"
        self.spill: Path = folder / "spill"
        self._file = folder / "run.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder against other runs.

        Raises:
            InvalidInputError: Another run works in it, it is somebody else's folder, or it cannot be written to.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - the extra [reconcile]

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._refuse_foreign()
            lock = FileLock(self.folder / _LOCK, timeout=0)
            lock.acquire()
        except Timeout:
            raise InvalidInputError(
                f"another run is working in {self.folder}; wait for it, or name another state"
            ) from None
        except OSError as error:
            raise InvalidInputError(f"the state {self.folder} cannot be written: {error.strerror}") from None
        try:
            yield
        finally:
            shutil.rmtree(self.spill, ignore_errors=True)
            lock.release()

    def _refuse_foreign(self) -> None:
        """Refuse a folder with files of somebody else's: a run removes what it finds under its own names."""
        if self._file.exists():
            return
        ours = {self.folder / _LOCK, self.history, self.spill}
        strangers = [path.name for path in (*self.folder.iterdir(), *self.history.glob("*")) if path not in ours]
        if strangers:
            raise InvalidInputError(
                f"{self.folder} is no state of a reconciliation: it holds {min(strangers)!r}; name a new folder"
            )

    def begin(self, asked: Mapping[str, Any], now: datetime, *, restart: bool) -> Progress:
        """Go on with an unfinished run for the same question, or begin anew.

        A finished run is begun anew, for the provider has moved on; so is any with *restart*.

        Raises:
            InvalidInputError: What stands here is the unfinished answer to another question.
        """
        digest = sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
        last = None if restart else self._load()
        if last is not None and (last.finished or not self.kept):
            last = None  # over, or nothing that took a request is there
        if last is not None and last.asked != digest:
            raise InvalidInputError(
                f"{self.folder} holds an unfinished run with another ledger, at another place or with other options; "
                "finish that one, name another state, or begin anew with restart (--restart)"
            )
        if last is None:
            self._empty()
            last = Progress(asked=digest, started_at=now)
        self.history.mkdir(exist_ok=True)
        for left in (*self.folder.glob(".*.part"), *self.history.glob(".*")):  # by a session that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        progress = evolve(last, sessions=last.sessions + 1)
        self.save(progress)
        return progress

    @property
    def kept(self) -> bool:
        """Whether anything of the provider's side has been read."""
        return any(self.history.glob("[!.]*.parquet"))

    def save(self, progress: Progress) -> None:
        """Keep how far the run is."""
        with replacing(self._file) as part:
            part.write_text(
                json.dumps({"format": _FORMAT, **asdict(progress)}, default=datetime.isoformat, indent=1), "utf-8"
            )

    def _load(self) -> Progress | None:
        if not self._file.exists():
            return None
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            form = kept.pop("format")
            times = {name: kept[name] and datetime.fromisoformat(kept[name]) for name in ("started_at", "read_at")}
            progress = Progress(**{**kept, **times})
        except (ValueError, TypeError, KeyError, AttributeError):
            form, progress = None, None
        if form != _FORMAT or progress is None:
            raise InvalidInputError(
                f"{self._file} is not what this release writes; begin anew with restart (--restart)"
            )
        return progress

    def _empty(self) -> None:
        """Remove what a run leaves, and nothing else: a user may have named a folder of his own."""
        shutil.rmtree(self.history, ignore_errors=True)
        for path in (self.ledger, self.listed, self.wallets, self.differences, self._file):
            path.unlink(missing_ok=True)

    def drop_unread(self) -> None:
        """Forget the shards of chunks in which a wallet could not be read, so that they are read again."""
        with database(self.spill) as connection:
            for shard in self.history.glob("*.parquet"):
                if not _whole(connection, shard):
                    shard.unlink()


def _whole(connection: DuckDBPyConnection, shard: Path) -> bool:
    """Whether a shard can be read and has every wallet's history."""
    import duckdb  # noqa: PLC0415 - the extra [reconcile]

    try:
        found = connection.execute(f"SELECT count(error) FROM read_parquet({quoted(shard)})").fetchone()
    except duckdb.Error:
        return False
    return found == (0,)
