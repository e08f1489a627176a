"""The embedded MongoDB, with real processes: who reaches it, and what is left after any death."""

import contextlib
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pymongo
import pytest
from pymongo.collection import Collection

import fhir_server
from fhir_server.storage import embedded
from fhir_server.storage.embedded import EmbeddedMongod, EmbeddedMongodError
from fhir_server.storage.embedded_directory import DataDirectory

try:
    embedded.find_mongod(None)
except EmbeddedMongodError as missing:
    pytest.skip(str(missing), allow_module_level=True)

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.skipif(sys.platform == "win32", reason="nothing to embed on Windows"),
]

REPOSITORY = Path(fhir_server.__file__).parents[1]
DURABLE = pymongo.WriteConcern("majority", j=True)

SERVER = """
import os, select, sys, time
from pathlib import Path
from fhir_server.storage import embedded

mongod = embedded.start(Path(sys.argv[1]))
if "worker" in sys.argv and os.fork() == 0:
    time.sleep(30)
    os._exit(0)
if "writes" in sys.argv:
    import pymongo
    durable = pymongo.WriteConcern("majority", j=True)
    acknowledged = pymongo.MongoClient(mongod.uri).a.get_collection("x", write_concern=durable)
    for number in range(10**6):
        acknowledged.insert_one({"_id": number})
        print(number, flush=True)
try:
    print("ready", flush=True)
    # Not a read that waits for ever: a signal that comes just before it would never be seen.
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        pass
except KeyboardInterrupt:
    time.sleep(0.3)
    import pymongo
    pymongo.MongoClient(mongod.uri).a.x.insert_one({"_id": "the last of the work"})
    print("finished", flush=True)
mongod.stop()
"""


@pytest.fixture(autouse=True)
def _sockets_of_this_test(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = str(tmp_path_factory.mktemp("s"))
    monkeypatch.setenv("TMPDIR", temporary)
    monkeypatch.setattr(tempfile, "tempdir", temporary)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., EmbeddedMongod]]:
    """Start embedded MongoDBs that are killed, to save time, when the test ends."""
    running: list[EmbeddedMongod] = []

    def start_one(path: Path = tmp_path / "data") -> EmbeddedMongod:
        running.append(embedded.start(path))
        return running[-1]

    yield start_one
    for mongod in running:
        mongod.stop(timeout=0)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a server process of its own on tmp_path/data, and wait until it says something."""
    servers: list[subprocess.Popen[str]] = []

    def serve_one(*how: str) -> subprocess.Popen[str]:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(tmp_path / "data"), *how],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline(), server.communicate()[1]
        return server

    yield serve_one
    for server in servers:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    assert eventually(lambda: not processes_on(tmp_path / "data"))


def eventually(condition: Callable[[], bool], seconds: float = 8) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def processes_on(path: Path) -> dict[str, psutil.Process]:
    """The guard and the mongod that work on a data directory."""
    root, found = os.path.realpath(path), {}
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if f"{root}/mongodb" in command:
            found["guard" if any("embedded_guard" in part for part in command) else "mongod"] = (
                process
            )
    return found


def documents(uri: str) -> "Collection[dict[str, object]]":
    return pymongo.MongoClient(uri).a.get_collection("x", write_concern=DURABLE)


def socket_of(mongod: EmbeddedMongod) -> Path:
    return Path(pymongo.uri_parser.parse_uri(mongod.uri)["nodelist"][0][0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_only_this_user_can_reach_the_database(start: Callable[..., EmbeddedMongod]) -> None:
    mongod = start()
    socket = socket_of(mongod)
    process = psutil.Process(mongod.pid)

    assert (
        mode(mongod.data_dir) == mode(mongod.data_dir / "mongodb") == mode(socket.parent) == 0o700
    )
    assert mode(socket) == mode(mongod.data_dir / "mongod.log") == 0o600
    assert socket.parent.lstat().st_uid == os.geteuid()
    assert len(os.fsencode(socket)) < 100
    assert process.net_connections("inet") == []
    listening = {c.laddr for c in process.net_connections("unix") if c.laddr}
    assert listening == {str(socket)}


def test_it_is_a_replica_set_with_transactions_and_a_journal(
    start: Callable[..., EmbeddedMongod],
) -> None:
    client = pymongo.MongoClient(start().uri)

    with client.start_session() as session, session.start_transaction(write_concern=DURABLE):
        client.a.x.insert_one({"_id": 1}, session=session)
    with client.a.x.watch() as changes:
        client.a.x.insert_one({"_id": 2})
        assert next(changes)["documentKey"] == {"_id": 2}
    assert client.admin.command("serverStatus")["storageEngine"]["persistent"] is True
    assert client.admin.command("hello")["setName"] == "fhir"


def test_a_stop_leaves_no_process_and_a_start_finds_the_data(
    start: Callable[..., EmbeddedMongod], tmp_path: Path
) -> None:
    first = start()
    documents(first.uri).insert_one({"_id": "kept"})
    first.stop()

    assert not processes_on(first.data_dir)
    assert not socket_of(first).parent.exists()
    assert not first.is_alive()
    second = start()
    assert documents(second.uri).find_one() == {"_id": "kept"}
    assert sorted(path.name for path in tmp_path.glob("data/*.log*")) == [
        "mongod.log",
        "mongod.log.1",
    ]


def test_nothing_is_said_on_stderr_when_all_goes_well(serve: Callable[..., object]) -> None:
    server = serve()
    out, errors = server.communicate("")

    assert (server.returncode, out, errors) == (0, "", "")


@pytest.mark.parametrize("how", [(), ("worker",)], ids=["alone", "with a forked worker left over"])
def test_mongod_ends_when_the_server_is_killed(
    serve: Callable[..., subprocess.Popen[str]], tmp_path: Path, how: tuple[str, ...]
) -> None:
    server = serve(*how)
    assert set(processes_on(tmp_path / "data")) == {"guard", "mongod"}

    server.kill()

    assert eventually(lambda: not processes_on(tmp_path / "data"), seconds=30)


def test_a_killed_mongod_is_started_again_and_keeps_what_was_acknowledged(
    start: Callable[..., EmbeddedMongod],
) -> None:
    mongod = start()
    store, acknowledged, enough = documents(mongod.uri), [], threading.Event()

    def write() -> None:
        for number in range(10**6):
            if enough.is_set():
                return
            try:
                store.insert_one({"_id": number})
            except pymongo.errors.PyMongoError:
                continue
            acknowledged.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    assert eventually(lambda: len(acknowledged) > 100)
    os.kill(mongod.pid, signal.SIGKILL)
    before = len(acknowledged)
    assert eventually(lambda: len(acknowledged) > before + 100)
    enough.set()
    writer.join()

    assert processes_on(mongod.data_dir)["mongod"].pid != mongod.pid
    assert mongod.is_alive()
    assert set(acknowledged) <= set(store.distinct("_id"))


def test_a_killed_guard_is_replaced_and_the_stop_stays_complete(
    start: Callable[..., EmbeddedMongod],
) -> None:
    mongod = start()
    guard = processes_on(mongod.data_dir)["guard"]

    guard.kill()

    assert eventually(lambda: processes_on(mongod.data_dir).get("guard", guard) != guard)
    documents(mongod.uri).insert_one({"_id": "written after the guard's death"})
    mongod.stop()
    assert not processes_on(mongod.data_dir)


def test_after_all_are_killed_the_next_start_has_everything_acknowledged(
    serve: Callable[..., subprocess.Popen[str]],
    start: Callable[..., EmbeddedMongod],
    tmp_path: Path,
) -> None:
    server = serve("writes")
    time.sleep(0.5)
    for process in processes_on(tmp_path / "data").values():
        process.kill()
    server.kill()
    out, _ = server.communicate()
    acknowledged = {int(line) for line in out.splitlines()}

    assert len(acknowledged) > 50
    assert acknowledged <= set(documents(start().uri).distinct("_id"))


def test_a_start_right_after_the_server_was_killed_waits_for_its_guard(
    serve: Callable[..., subprocess.Popen[str]],
    start: Callable[..., EmbeddedMongod],
    tmp_path: Path,
) -> None:
    server = serve()
    left_over = processes_on(tmp_path / "data")
    server.kill()
    server.wait()

    mongod = start()

    assert mongod.is_alive()
    assert not set(left_over.values()) & set(processes_on(tmp_path / "data").values())


def test_a_left_over_mongod_of_ours_is_stopped_first(
    start: Callable[..., EmbeddedMongod],
) -> None:
    mongod = start()
    command = psutil.Process(mongod.pid).cmdline()
    record = json.loads((mongod.data_dir / "mongod.json").read_text())
    mongod.stop(timeout=0)
    socket_of(mongod).parent.mkdir(mode=0o700)
    orphan = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    (mongod.data_dir / "mongod.json").write_text(json.dumps({**record, "pid": orphan.pid}))
    assert eventually(mongod.is_alive)

    again = start()

    assert orphan.poll() == 0
    assert again.is_alive()


def test_a_mongod_that_others_run_on_the_same_files_is_left_alone(
    start: Callable[..., EmbeddedMongod], tmp_path: Path
) -> None:
    mongod = start()
    program = psutil.Process(mongod.pid).exe()
    mongod.stop(timeout=0)
    dbpath = mongod.data_dir / "mongodb"
    theirs = subprocess.Popen(
        [program, "--dbpath", dbpath, "--nounixsocket", "--bind_ip", tmp_path / "theirs.sock"],
        stdout=subprocess.DEVNULL,
    )
    try:
        assert eventually((tmp_path / "theirs.sock").exists)
        with pytest.raises(EmbeddedMongodError, match="was left alone"):
            start()
        assert theirs.poll() is None
    finally:
        theirs.kill()
        theirs.wait()


def test_a_foreign_process_with_a_recorded_id_is_left_alone(
    start: Callable[..., EmbeddedMongod],
) -> None:
    mongod = start()
    record = json.loads((mongod.data_dir / "mongod.json").read_text())
    mongod.stop(timeout=0)
    # The same files, another socket: not a process that this directory's server started.
    sleeper = [sys.executable, "-c", "import time; time.sleep(30)"]
    foreign = subprocess.Popen([*sleeper, "--dbpath", record["dbpath"], "--bind_ip", "elsewhere"])
    try:
        record["pid"] = foreign.pid
        (mongod.data_dir / "mongod.json").write_text(json.dumps(record))
        (mongod.data_dir / "mongodb" / "mongod.lock").write_text(f"{foreign.pid}\n")

        start()

        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


def test_a_second_server_is_refused_and_told_who_has_the_directory(
    start: Callable[..., EmbeddedMongod], serve: Callable[..., subprocess.Popen[str]]
) -> None:
    server = serve()

    with pytest.raises(EmbeddedMongodError, match=f"process id {server.pid}"):
        start()


def test_another_process_attaches_while_a_server_runs_and_only_then(
    serve: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    assert embedded.attach(tmp_path / "data") is None
    assert not (tmp_path / "data").exists()

    server = serve()
    uri = embedded.attach(tmp_path / "data")

    assert uri is not None
    documents(uri).insert_one({})
    server.communicate("")
    assert embedded.attach(tmp_path / "data") is None


def test_attached_is_not_owned_and_a_stop_does_nothing(
    serve: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    serve()
    uri = embedded.attach(tmp_path / "data")
    assert uri is not None
    attached = EmbeddedMongod(uri, tmp_path / "data", pid=0, owned=False)

    attached.stop()

    assert attached.is_alive()


def test_a_moved_data_directory_works(start: Callable[..., EmbeddedMongod], tmp_path: Path) -> None:
    first = start()
    documents(first.uri).insert_one({"_id": "moved along"})
    first.stop(timeout=0)
    (tmp_path / "data").rename(tmp_path / "elsewhere")

    second = start(tmp_path / "elsewhere")

    assert second.uri != first.uri
    assert documents(second.uri).find_one() == {"_id": "moved along"}
    documents(second.uri).insert_one({"_id": "and it takes writes"})


def test_a_long_directory_name_with_spaces_and_swedish_letters_works(
    start: Callable[..., EmbeddedMongod], tmp_path: Path
) -> None:
    path = tmp_path / "Min journal för åäö" / ("mycket långt " * 9).strip()

    mongod = start(path)

    assert mongod.data_dir == path
    assert len(str(path)) > 100
    documents(mongod.uri).insert_one({})
    assert embedded.attach(path) == mongod.uri


def test_ctrl_c_stops_the_database_after_the_servers_work(
    serve: Callable[..., subprocess.Popen[str]],
    start: Callable[..., EmbeddedMongod],
) -> None:
    server = serve()

    os.killpg(server.pid, signal.SIGINT)
    server.wait(60)  # `communicate` closes its input, which ends it too
    out, errors = server.communicate()

    assert (server.returncode, out, errors) == (0, "finished\n", "")
    assert documents(start().uri).find_one() == {"_id": "the last of the work"}


def test_a_forked_child_neither_stops_the_database_nor_keeps_its_directory(
    start: Callable[..., EmbeddedMongod],
) -> None:
    mongod = start()
    child = os.fork()
    if child == 0:
        mongod.stop()
        time.sleep(30)
        os._exit(0)
    try:
        time.sleep(0.3)
        assert mongod.is_alive()
        mongod.stop(timeout=0)
        assert not DataDirectory.at(mongod.data_dir).is_claimed()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_mongod_is_given_up_with_its_reason_after_repeated_failures(
    start: Callable[..., EmbeddedMongod], caplog: pytest.LogCaptureFixture
) -> None:
    mongod = start()
    (mongod.data_dir / "mongodb" / "WiredTiger.wt").write_bytes(b"damaged" * 4096)

    with caplog.at_level(logging.ERROR):
        os.kill(mongod.pid, signal.SIGKILL)
        assert eventually(lambda: bool(caplog.records), seconds=60)

    assert "not started again" in caplog.text
    assert "files are damaged" in caplog.text
    assert not mongod.is_alive()
    assert eventually(lambda: not processes_on(mongod.data_dir))


def test_mongod_that_never_answers_is_given_up_however_long_it_takes_to_end(
    tmp_path: Path,
) -> None:
    # Longer than mongod needs to settle, as on a busy machine.
    slow = [sys.executable, "-c", "import time; time.sleep(0.2); raise SystemExit(14)"]
    guarding = (
        "import os, sys; from fhir_server.storage import embedded_guard as guard;"
        "guard.SETTLED_SECONDS = 0.1;"
        "sys.exit(guard.main([sys.argv[1], str(os.getppid()), *sys.argv[2:]]))"
    )
    place = [str(tmp_path), str(tmp_path / "nobody.sock"), str(tmp_path)]
    guard = subprocess.Popen(
        [sys.executable, "-c", guarding, *place, *slow],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert guard.stdout is not None
    limit = threading.Timer(60, guard.kill)
    limit.start()
    told = [line.split()[0] for line in guard.stdout]
    limit.cancel()
    assert told == ["started", "ended"] * 6 + ["gave"]
    assert guard.wait(10) == 1
    assert guard.stdin is not None
    guard.stdin.close()


def test_damaged_files_are_reported_with_the_line_of_the_log(
    start: Callable[..., EmbeddedMongod],
) -> None:
    mongod = start()
    mongod.stop(timeout=0)
    (mongod.data_dir / "mongodb" / "WiredTiger.turtle").write_bytes(b"damaged")

    with pytest.raises(EmbeddedMongodError, match="«WiredTiger error") as refusal:
        start()

    assert "backup" in str(refusal.value)
    assert not processes_on(mongod.data_dir)
    assert not DataDirectory.at(mongod.data_dir).is_claimed()


def test_a_program_that_cannot_run_is_reported(tmp_path: Path) -> None:
    program = tmp_path / "mongod"
    program.write_bytes(b"\x7fELF but not really")
    program.chmod(0o755)

    with pytest.raises(EmbeddedMongodError, match="does not run on this machine"):
        embedded.start(tmp_path / "data", program)
