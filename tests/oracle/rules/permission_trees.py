"""Lets the kernel decide who can change a file, on random trees, and compares Javert's answer with what happened.

Run as root: ``python permission_trees.py TREES SEED``. Prints a line of JSON for each difference and one of totals.

Random directories, links and files with random owners, modes, access control lists, attributes and mounts are made
on a disk, a tmpfs and an overlay, in a mount namespace of this program's own. For each of several users there is a
process that really switched to it and tries everything: change modes it owns, write the file, rename each thing on
the way and put another in its place. It knows nothing of Javert's reasoning; it undoes what it did.
"""

# Every line of the attacker is one system call, and named like it:
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH120, PTH211

import ctypes
import fcntl
import json
import os
import pickle
import random
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from javert.model.telemetry import Group, PathNode, Principals
from javert.rules.modifiability import Subject, changes
from javert.rules.remedies import ways
from javert.rules.subjects import Population
from javert.sensors.linux.permissions import PathWalker

ALICE, BOB, CAROL, DAVE = 40001, 40002, 40003, 40004
RED, GREEN, BLUE, GREY = 50001, 50002, 50003, 50004
SUBJECTS = {ALICE: {RED}, BOB: {RED, GREEN}, CAROL: {GREEN, BLUE}, DAVE: {GREY}}  # nothing ever names Dave or grey
PRINCIPALS = Principals(
    users={0: "root", ALICE: "alice", BOB: "bob", CAROL: "carol", DAVE: "dave"},
    groups=(
        Group(gid=0, name="root"),
        Group(gid=RED, name="red", members=("alice", "bob")),
        Group(gid=GREEN, name="green", members=("bob", "carol")),
        Group(gid=BLUE, name="blue", members=("carol",)),
        Group(gid=GREY, name="grey", members=("dave",)),
    ),
)

CLONE_NEWNS, MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = (
    0x20000,
    1,
    32,
    4096,
    16384,
    1 << 18,
    2,
)
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IMMUTABLE_FL, FS_APPEND_FL = 0x80086601, 0x40086602, 0x10, 0x20
libc = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    check(libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()))


# ---------------------------------------------------------------- the tree


@dataclass
class Thing:
    """One thing on the way: ``kind`` is directory, symlink, file or missing."""

    path: str
    kind: str
    target: str = ""
    uid: int = 0
    gid: int = 0
    mode: int = 0
    acl: bytes = b""
    attribute: int = 0
    mounted: str = ""


@dataclass
class Tree:
    top: str
    module: str
    way: list[Thing] = field(default_factory=list)


DIRECTORY_MODES = (0o755, 0o755, 0o755, 0o775, 0o777, 0o1777, 0o1775, 0o750, 0o711, 0o700, 0o770, 0o707, 0o733)
FILE_MODES = (0o644, 0o644, 0o755, 0o664, 0o666, 0o600, 0o606, 0o660, 0o620, 0o444)


def random_acl(rng: random.Random) -> bytes:
    entries = [(1, rng.randrange(8), 0xFFFFFFFF)]
    entries += [(2, rng.randrange(8), uid) for uid in sorted(rng.sample((ALICE, BOB, CAROL), rng.randrange(3)))]
    entries += [(4, rng.randrange(8), 0xFFFFFFFF)]
    entries += [(8, rng.randrange(8), gid) for gid in sorted(rng.sample((RED, GREEN, BLUE), rng.randrange(3)))]
    entries += [(16, rng.choice((7, 7, 5, rng.randrange(8))), 0xFFFFFFFF), (32, rng.choice((0, 5, 7)), 0xFFFFFFFF)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def dress(rng: random.Random, thing: Thing) -> Thing:
    thing.uid = rng.choice((0, 0, 0, 0, 0, ALICE, BOB, CAROL))
    thing.gid = rng.choice((0, 0, 0, RED, GREEN, BLUE))
    if thing.kind in ("symlink", "missing"):
        return thing
    directory = thing.kind == "directory"
    thing.mode = rng.choice(DIRECTORY_MODES if directory else FILE_MODES)
    if rng.random() < 0.15:
        thing.mode = rng.randrange(0o2000) if directory else rng.randrange(0o1000)
    if rng.random() < 0.3:
        thing.acl = random_acl(rng)
    if rng.random() < 0.06:
        thing.attribute = rng.choice((FS_IMMUTABLE_FL, FS_APPEND_FL))
    if rng.random() < 0.06:
        thing.mounted = rng.choice(("bind", "tmpfs", "tmpfs-ro")) if directory else "bind"
    return thing


def plan(rng: random.Random, top: str) -> Tree:
    """A random way: plain directories, links (absolute, relative, with ..) to other directories, then the file."""
    tree = Tree(top=top, module=top)
    tree.way.append(dress(rng, Thing(top, "directory")))
    here, sides = top, 0
    for level in range(rng.randint(1, 3)):
        if rng.random() < 0.3:
            sides += 1
            side = f"{top}/side{sides}"
            target = rng.choice((side, os.path.relpath(side, here), f"{top}//./side{sides}/"))
            tree.way.append(dress(rng, Thing(f"{here}/link{level}", "symlink", target)))
            tree.way.append(dress(rng, Thing(side, "directory")))
            tree.module += f"/link{level}"
            here = side
        else:
            here += f"/dir{level}"
            tree.way.append(dress(rng, Thing(here, "directory")))
            tree.module += f"/dir{level}"
    if rng.random() < 0.2:
        tree.module += "/lib.so"
        tree.way.append(dress(rng, Thing(f"{here}/lib.so", "symlink", "lib.so.1")))
        tree.way.append(dress(rng, Thing(f"{here}/lib.so.1", "file")))
    else:
        tree.module += "/lib.so.1"
        tree.way.append(dress(rng, Thing(f"{here}/lib.so.1", "missing" if rng.random() < 0.08 else "file")))
    return tree


def build(tree: Tree) -> None:
    for thing in tree.way:
        match thing.kind:
            case "directory":
                Path(thing.path).mkdir(mode=0o755)
            case "symlink":
                Path(thing.path).symlink_to(thing.target)
            case "file":
                Path(thing.path).write_text("root's")
        if thing.mounted == "bind":
            mount(thing.path, thing.path, flags=MS_BIND)
        elif thing.mounted:
            mount("none", thing.path, "tmpfs")
    for thing in tree.way:
        if thing.kind != "missing":
            os.chown(thing.path, thing.uid, thing.gid, follow_symlinks=False)
        if thing.kind in ("directory", "file"):
            Path(thing.path).chmod(thing.mode)
            if thing.acl:
                os.setxattr(thing.path, "system.posix_acl_access", thing.acl)
    for thing in tree.way:
        if thing.attribute:
            set_attribute(thing.path, thing.attribute)
    for thing in reversed(tree.way):
        if thing.mounted == "tmpfs-ro":
            mount("none", thing.path, flags=MS_REMOUNT | MS_RDONLY)


def set_attribute(path: str, flag: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        buffer = bytearray(8)
        fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, buffer)
        (flags,) = struct.unpack_from("=i", buffer)  # an int, whatever the number of the request says
        flags = flags & ~(FS_IMMUTABLE_FL | FS_APPEND_FL) | flag
        fcntl.ioctl(descriptor, FS_IOC_SETFLAGS, struct.pack("=i4x", flags))
    finally:
        os.close(descriptor)


def tear_down(tree: Tree) -> None:
    for thing in tree.way:
        if thing.mounted == "tmpfs-ro":
            mount("none", thing.path, flags=MS_REMOUNT)
    for thing in tree.way:
        if thing.attribute:
            set_attribute(thing.path, 0)
    for thing in reversed(tree.way):
        if thing.mounted:
            check(libc.umount2(thing.path.encode(), MNT_DETACH))
    shutil.rmtree(tree.top)


# ---------------------------------------------------------------- the attacker


class Attacker:
    """A process that is that user, and tries what it is told to."""

    def __init__(self, uid: int, gids: set[int]) -> None:
        mine, theirs = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(mine[1])
            os.close(theirs[0])
            os.setgroups(sorted(gids))
            os.setresgid(min(gids), min(gids), min(gids))
            os.setresuid(uid, uid, uid)
            self._serve(os.fdopen(mine[0], "rb"), os.fdopen(theirs[1], "wb"))
        os.close(mine[0])
        os.close(theirs[1])
        self._orders, self._answers = os.fdopen(mine[1], "wb"), os.fdopen(theirs[0], "rb")

    def attack(self, tree: Tree) -> set[str]:
        """The things on the way that it could write, replace or create."""
        return self._ask(("attack", tree))

    def plant(self, tree: Tree, entry: str) -> None:
        """Changes ``entry`` for good, so that the module is the attacker's."""
        self._ask(("plant", tree, entry))

    def end(self) -> None:
        pickle.dump(None, self._orders)
        self._orders.close()
        self._answers.close()
        os.waitpid(self.pid, 0)

    def _ask(self, order: tuple) -> set[str]:
        pickle.dump(order, self._orders)
        self._orders.flush()
        answer = pickle.load(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _serve(self, orders, answers) -> None:
        while order := pickle.load(orders):
            what, tree, *rest = order
            try:
                answer = attack(tree) if what == "attack" else plant(tree, *rest)
            except Exception as error:  # noqa: BLE001 - raised again by the one who asked
                answer = error
            pickle.dump(answer, answers)
            answers.flush()
        os._exit(0)


def seize(tree: Tree) -> list[tuple[str, int]]:
    """Takes every permission that an owner can take; says what was there before."""
    taken = []
    for thing in tree.way:
        if thing.kind in ("directory", "file"):
            with suppress(OSError):
                before = stat.S_IMODE(os.lstat(thing.path).st_mode)
                os.chmod(thing.path, 0o777)
                taken.append((thing.path, before))
    return taken


def attack(tree: Tree) -> set[str]:
    taken = seize(tree)
    changed = set()
    for thing in tree.way:
        if thing.kind == "file":
            with suppress(OSError):
                os.close(os.open(thing.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW))
                changed.add(thing.path)
        if replaces(thing):
            changed.add(thing.path)
    for path, before in reversed(taken):
        os.chmod(path, before)
    return changed


def replaces(thing: Thing) -> bool:
    aside = thing.path + "~"
    try:
        if thing.kind != "missing":
            os.rename(thing.path, aside)
        make(thing)
    except OSError:
        if thing.kind != "missing" and os.path.lexists(aside):
            raise
        return False
    if thing.kind == "directory":
        os.rmdir(thing.path)
    else:
        with suppress(PermissionError if thing.kind == "missing" else ()):  # append-only: the builder removes it
            os.unlink(thing.path)
    if thing.kind != "missing":
        os.rename(aside, thing.path)
    return True


def make(thing: Thing, content: bytes = b"") -> None:
    match thing.kind:
        case "directory":
            os.mkdir(thing.path)
        case "symlink":
            os.symlink(thing.target, thing.path)
        case _:
            descriptor = os.open(thing.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(descriptor, content)
            os.close(descriptor)


def plant(tree: Tree, entry: str) -> set[str]:
    seize(tree)
    thing = next(thing for thing in tree.way if thing.path == entry)
    if thing.kind == "file":
        with suppress(OSError):
            descriptor = os.open(entry, os.O_WRONLY | os.O_APPEND)
            os.write(descriptor, b"attacker's")
            os.close(descriptor)
            return {entry}
    if thing.kind != "missing":
        os.rename(entry, entry + "~")
    for other in tree.way:
        if other.path == entry or other.path.startswith(entry + "/"):
            make(other, b"attacker's")
    return {entry}


# ---------------------------------------------------------------- the comparison


def walked(tree: Tree) -> tuple[tuple[str, ...], list[PathNode]]:
    nodes: dict[str, PathNode] = {}

    def emit(record):
        if not isinstance(record, PathNode):
            raise AssertionError(f"the walker says {record}")
        nodes[record.path] = record

    way = PathWalker(emit).walk(mount_namespace=1, root="/", path=tree.module)
    return way, [nodes[path] for path in way]


def differences(tree: Tree, attackers: dict[int, Attacker], totals: dict[str, int]) -> Iterator[str]:
    way, nodes = walked(tree)
    expected = [thing.path for thing in tree.way]
    if [path for path in way if path.startswith(tree.top)] != expected:
        yield f"the way is {way}, not {expected}"
    somebody = False
    for uid, gids in SUBJECTS.items():
        happened = attackers[uid].attack(tree)
        tidy(tree)
        said = {change.entry for change in changes(nodes, Subject(uid=uid, gids=frozenset(gids)))}
        if happened != said:
            yield f"user {uid} changed {sorted(happened)}, Javert says {sorted(said)}"
        totals["attacks"] += 1
        totals["successes"] += bool(happened)
        somebody |= bool(happened)
        if uid == DAVE:
            others = any("others" in way.principals for way in ways(nodes, Population(PRINCIPALS)))
            if others != bool(happened):
                yield f"others could change it: {bool(happened)}, Javert says {others}"
    found = ways(nodes, Population(PRINCIPALS))
    if bool(found) != somebody:
        yield f"somebody could change it: {somebody}, Javert says {found}"


def tidy(tree: Tree) -> None:
    """Removes what an attacker could create in an append-only directory and not remove."""
    for thing in tree.way:
        if thing.kind == "missing" and os.path.lexists(thing.path):
            directory = next(other for other in tree.way if other.path == os.path.dirname(thing.path))
            set_attribute(directory.path, 0)
            os.unlink(thing.path)
            set_attribute(directory.path, directory.attribute)


def repaired(tree: Tree, attackers: dict[int, Attacker]) -> Iterator[str]:
    """Runs the commands that Javert shows until it shows none, and lets everybody try again."""
    for _round in range(6):
        found = ways(walked(tree)[1], Population(PRINCIPALS))
        if not found:
            break
        for way in found:
            fix = way.fix
            for uid, name in PRINCIPALS.users.items():
                fix = fix.replace(f"u:{name}:", f"u:{uid}:")
            for group in PRINCIPALS.groups:
                fix = fix.replace(f"g:{group.name}:", f"g:{group.gid}:")
            done = subprocess.run(["sh", "-c", fix], capture_output=True, text=True, check=False)
            if done.returncode:
                yield f"{fix}: {done.stderr}"
                return
    else:
        yield "the commands do not end it"
    for uid, attacker in attackers.items():
        if left := attacker.attack(tree):
            yield f"after every command user {uid} could still change {sorted(left)}"
        tidy(tree)


def planted(tree: Tree, attackers: dict[int, Attacker], rng: random.Random) -> Iterator[str]:
    """Lets somebody change something for good, and looks at what root would load now."""
    nodes = walked(tree)[1]
    last = tree.way[-1].path
    options = [
        (uid, change.entry)
        for uid, gids in SUBJECTS.items()
        for change in changes(nodes, Subject(uid=uid, gids=frozenset(gids)))
        if last == change.entry or last.startswith(change.entry + "/")
    ]
    if options:
        uid, entry = rng.choice(options)
        attackers[uid].plant(tree, entry)
        if "attacker's" not in Path(tree.module).read_text():
            yield f"user {uid} planted {entry}, and root still loads its own file"


def run(trees: int, seed: int) -> dict[str, int]:
    totals = {"trees": 0, "attacks": 0, "successes": 0, "repaired": 0, "planted": 0, "differences": 0}
    check(libc.unshare(CLONE_NEWNS))
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    os.umask(0o022)
    base = tempfile.mkdtemp(prefix="javert-oracle-", dir="/opt")
    attackers = {uid: Attacker(uid, gids) for uid, gids in SUBJECTS.items()}
    try:
        for number, top in zip(range(trees), places(base, seed), strict=False):
            rng = random.Random(f"{seed}/{number}")
            tree = plan(rng, f"{top}/t{number}")
            build(tree)
            found = list(differences(tree, attackers, totals))
            plain = not any(thing.mounted or thing.attribute for thing in tree.way)
            if plain and number % 15 == 0 and tree.way[-1].kind == "file":
                totals["repaired"] += 1
                found += repaired(tree, attackers)
            elif plain and number % 5 == 1:
                totals["planted"] += 1
                found += planted(tree, attackers, rng)
            tear_down(tree)
            totals["trees"] += 1
            totals["differences"] += bool(found)
            if found:
                print(
                    json.dumps(
                        {
                            "tree": number,
                            "seed": seed,
                            "differences": found,
                            "way": [str(thing) for thing in tree.way],
                        }
                    )
                )
    finally:
        for attacker in attackers.values():
            attacker.end()
        for part in ("overlay", "memory"):
            libc.umount2(f"{base}/{part}".encode(), MNT_DETACH)
        shutil.rmtree(base, ignore_errors=True)
    return totals


def places(base: str, seed: int) -> Iterator[str]:
    """A directory on a disk, on a tmpfs and on an overlay, by turns."""
    os.chmod(base, 0o755)
    for part in ("disk", "memory", "overlay"):
        os.mkdir(f"{base}/{part}", 0o755)
    mount("none", f"{base}/memory", "tmpfs", data="mode=755")
    for part in ("lower", "upper", "work"):
        os.mkdir(f"{base}/memory/{part}", 0o755)
    layers = ",".join(f"{name}dir={base}/memory/{name}" for name in ("lower", "upper", "work"))
    mount("none", f"{base}/overlay", "overlay", data=layers)
    while True:
        yield from (f"{base}/disk", f"{base}/memory", f"{base}/overlay")


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
