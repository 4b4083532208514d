"""MariaDB with its client, and MongoDB's driver with the mock server of its makers."""

from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"


@pytest.fixture(scope="module")
def mariadb(island: Island) -> list[str]:
    """The command of a server; what TLS it offers is to follow."""
    data = island.directory / "mariadb"
    install = ("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-test-db")
    done = island.run(*install, "--auth-root-authentication-method=normal")
    assert done.returncode == 0, done.stdout + done.stderr
    grants = island.directory / "grants.sql"
    grants.write_text(f"GRANT SELECT ON *.* TO joe@'%' IDENTIFIED BY '{SECRET}';\n")
    server = ["mariadbd", "--no-defaults", f"--datadir={data}", "--user=root", "--bind-address=127.0.0.1"]
    return [*server, f"--socket={data}.sock", f"--init-file={grants}", "--innodb-flush-log-at-trx-commit=0"]


@pytest.mark.parametrize(
    ("served", "asked", "encryption"),
    [
        (False, "--skip-ssl", Encryption.NONE),
        (True, "--skip-ssl", Encryption.OFFERED_NOT_USED),
        (True, "--ssl", Encryption.UPGRADED),
    ],
)
def test_mysql(
    island: Island,
    mariadb: list[str],
    certificate: tuple[Path, Path],
    served: bool,
    asked: str,
    encryption: Encryption,
) -> None:
    path, key = certificate
    tls = [f"--ssl-cert={path}", f"--ssl-key={key}"] if served else ["--skip-ssl"]
    client = ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-u", "joe", asked]
    with island.serve(*mariadb, *tls, port=3306), island.record() as recording:
        done = island.run(*client, f"--password={SECRET}", "-e", "select 1; show tables in mysql")
        assert done.returncode == 0, done.stderr
        island.run(*client, "--password=wrong", "-e", "select 1")
    assert recording.of(3306) == [told(Protocol.MYSQL, encryption)]


MONGODB = """
import sys
import mockupdb, pymongo
options = eval(sys.argv[2])
server = mockupdb.MockupDB(port=27017)
server.autoresponds(lambda request: request.ok())  # the last that fits answers
known = {"compression": ["zlib"]} if "compressors" in options else {}
server.autoresponds("ismaster", {"ismaster": 1, "maxWireVersion": int(sys.argv[1]), "minWireVersion": 0, **known})
server.run()
client = pymongo.MongoClient("localhost", 27017, serverSelectionTimeoutMS=5000, socketTimeoutMS=500, **options)
for call in (lambda: client.test.things.insert_one({"a": 1}), lambda: list(client.test.things.find({}))):
    try:
        call()
    except (pymongo.errors.PyMongoError, KeyError):
        pass  # the server knows no answer
client.close()
server.stop()
"""
OP_REPLY, OP_QUERY, OP_COMPRESSED, OP_MSG = 1, 2004, 2012, 2013


@pytest.mark.parametrize(
    ("version", "options", "operations", "exposed"),
    [
        (3, {}, (OP_QUERY, OP_REPLY), False),
        (8, {}, (OP_QUERY, OP_REPLY, OP_MSG), False),
        (8, {"compressors": "zlib"}, (OP_COMPRESSED,), False),
        (8, {"username": "joe", "password": SECRET, "authMechanism": "SCRAM-SHA-256"}, (), False),
        (8, {"username": "joe", "password": SECRET, "authMechanism": "PLAIN"}, (), True),
    ],
)
def test_mongodb(
    island: Island, version: int, options: dict[str, str], operations: tuple[int, ...], exposed: bool
) -> None:
    with island.record() as recording:
        island.python(MONGODB, version, repr(options))
    answers = recording.of(27017)
    assert {answer[:2] for answer in answers} == {(Protocol.MONGODB, Encryption.NONE)}
    assert any(answer[2] for answer in answers) is exposed
    assert all(operation.to_bytes(4, "little") in recording.path.read_bytes() for operation in operations)
