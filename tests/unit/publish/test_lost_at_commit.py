"""The connection is lost at COMMIT: nobody was told whether it stands. The next run finds out and doubles nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from socket import socket as Socket  # noqa: N812 - a type beside the module of its name

import psycopg
import pytest
import sqlalchemy as sa

from tests import small_release as small
from tests.unit.publish.conftest import Home
from transforms import checksum, database, publish
from transforms.database import DatabaseError
from transforms.run import Settings

WRITES, COMMIT = b'COPY "change"', b"COMMIT\0"  # what the publishing connection sends, and how it ends


class Wire:
    """A TCP proxy before a PostgreSQL server that cuts the wire when the publishing transaction commits.

    Attributes:
        cut: ``before`` the server gets the COMMIT; ``after`` it answered, unheard; ``killed``: its backend is ended
            while it commits; None: nothing happens.
        times: how often the wire was cut.
    """

    def __init__(self, server: sa.URL) -> None:
        """Listen on a port of its own."""
        self.server, self.cut, self.times = server, "", 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """No new connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((str(self.server.host), int(self.server.port or 0)))
                both, cut, answered = (client, server), threading.Event(), threading.Event()
                for carry in (self._up, self._down):
                    threading.Thread(target=carry, args=(*both, cut, answered), daemon=True).start()

    def _up(self, client: Socket, server: Socket, cut: threading.Event, answered: threading.Event) -> None:
        writes, tail = False, b""
        with contextlib.suppress(OSError):
            while sent := client.recv(65536):
                tail = tail[-64:] + sent
                writes = writes or WRITES in tail
                if writes and self.cut and COMMIT in tail:
                    cut.set()
                    self._cut(server, sent, answered)
                    break
                server.sendall(sent)
        hang_up(client, server)

    def _cut(self, server: Socket, sent: bytes, answered: threading.Event) -> None:
        how, self.cut = self.cut, ""
        self.times += 1
        if how == "before":
            return
        server.sendall(sent)
        if how == "after":
            assert answered.wait(20), "the server never answered"
            return
        plain = self.server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query = 'COMMIT' AND datname = current_database() AND pid <> pg_backend_pid()"
            )

    def _down(self, client: Socket, server: Socket, cut: threading.Event, answered: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while answer := server.recv(65536):
                if cut.is_set():  # what the server says now, nobody hears
                    answered.set()
                    break
                client.sendall(answer)
        if not cut.is_set():
            hang_up(client, server)


def hang_up(*sockets: Socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@pytest.fixture
def wire(migrated_url: str) -> Iterator[Wire]:
    made = Wire(sa.make_url(migrated_url))
    yield made
    made.close()


def state_of(settings: Settings) -> tuple[int, str, str, list[int], list[int]]:
    """Number, stored and true checksum, the numbers of all events, and the releases that control took in."""
    dbs = database.open_databases(settings)
    with database.reading(dbs.release) as connection:
        number, stored = connection.exec_driver_sql("SELECT release, checksum FROM release ORDER BY 1 DESC").all()[0]
        true = checksum.release_checksum(connection)
    events = database.read(dbs.release, "change", ["seq"])["seq"].to_pylist()
    return number, stored, true, events, database.read(dbs.control, "reconciled")["release"].to_pylist()


@pytest.mark.postgres
@pytest.mark.parametrize(("how", "stands"), [("before", {1}), ("after", {2}), ("killed", {1, 2})])
def test_a_commit_nobody_heard_the_end_of_is_found_out_and_never_doubled(
    home: Home, wire: Wire, how: str, stands: set[int]
) -> None:
    told = wire.server.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
    settings = home(told)
    first = small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0)
    publish.run(first.run)
    second = small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1)
    wire.cut = how
    with pytest.raises(DatabaseError, match=r"OperationalError|AdminShutdown"):
        publish.run(second.run)
    assert wire.times == 1
    number, stored, true, *_ = state_of(settings)
    assert number in stands
    assert stored == true == {1: first, 2: second}[number].checksum, "the old release or the new one"
    assert publish.run(second.run)[0].counts["release"] == 2
    assert state_of(settings) == (2, second.checksum, second.checksum, [1, 2, 3, 4, 5], [1, 2])
