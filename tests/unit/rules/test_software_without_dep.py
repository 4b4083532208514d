import msgspec
import pytest

from javert.catalogue import Language, text
from javert.model.assessment import Outcome
from javert.model.telemetry import (
    ElfFile,
    ElfKind,
    FileScan,
    Module,
    Package,
    Process,
    ProcessKey,
    RunEnded,
    StackHeader,
)
from javert.model.view import assemble
from javert.rules.software_without_dep import RULE

BAD = ElfFile(
    path="/opt/old tool",
    device=1,
    inode=2,
    machine="x86-64",
    bits=64,
    byte_order="little",
    kind=ElfKind.EXECUTABLE,
    stack=StackHeader.EXECUTABLE,
)
SCAN = FileScan(roots=("/",), files=100, candidates=20, elf=10, machines={"x86-64": 9, "sparc64": 1})
OLD = Package(name="old", version="1.0", origin="third-party-package", vendor="Old Inc.")


@pytest.fixture
def verdict(run_started):
    """Evaluates the rule over these records."""

    def evaluate(*records):
        start = run_started()
        return RULE.evaluate(assemble([start, *records, RunEnded(ended_at=start.started_at + 60)]))

    return evaluate


def process(pid, name="tool", **fields):
    return Process(key=ProcessKey(pid, pid * 10), name=name, **fields)


def module(file, *keys):
    return Module(path=file.path, device=file.device, inode=file.inode, mount_namespace=1, processes=keys)


def words(draft, language=Language.ENGLISH):
    parts = (f"finding.{draft.text}.{part}" for part in ("title", "description", "recommendation"))
    return "\n".join(text(part, language, draft.params) for part in parts)


def test_a_program_with_an_executable_stack_is_found(verdict):
    answer = verdict(SCAN, BAD)
    (finding,) = answer.findings
    assert answer.outcome is Outcome.FINDING
    assert finding.attributes.path == "/opt/old tool"
    assert finding.attributes.reasons == ("stack-executable",)
    assert finding.attributes.origin == "unpackaged"
    assert finding.attributes.kernel_makes_stack_executable
    assert "'/opt/old tool'" in words(finding), "commands quote the path"
    assert "データ実行防止" in words(finding, Language.JAPANESE)


def test_a_protected_host_is_clear(verdict):
    answer = verdict(SCAN)
    assert (answer.outcome, answer.findings) == (Outcome.CLEAR, ())
    assert answer.coverage["judged"] == 9
    assert answer.coverage["not_judged"] == answer.coverage["not_judged_sparc64"] == 1


def test_a_missing_header_without_effect_is_no_finding(verdict):
    answer = verdict(SCAN, msgspec.structs.replace(BAD, stack=StackHeader.MISSING))
    assert answer.outcome is Outcome.CLEAR
    assert answer.coverage["header_missing_without_effect"] == 1


@pytest.mark.parametrize("top", ["/lib", "/usr/lib"])
def test_the_kernels_own_object_is_no_software_unless_something_loads_it(verdict, top):
    """Fedora and its kin install it for debuggers, without a header: to remove it would be to remove the kernel."""
    file = msgspec.structs.replace(
        BAD,
        path=f"{top}/modules/6.8.1-300.fc40/vdso/vdso64.so",
        kind=ElfKind.SHARED_OBJECT,
        stack=StackHeader.MISSING,
    )
    assert verdict(SCAN, file).outcome is Outcome.CLEAR
    one = process(7)
    assert len(verdict(SCAN, file, one, module(file, one.key)).findings) == 1
    elsewhere = msgspec.structs.replace(file, path=f"/home/ann{file.path}")
    assert len(verdict(SCAN, elsewhere).findings) == 1


def test_a_record_that_asks_for_nothing_is_no_missing_header(verdict):
    library = msgspec.structs.replace(BAD, kind=ElfKind.SHARED_OBJECT, stack=StackHeader.NON_EXECUTABLE)
    assert verdict(SCAN, library).coverage["header_missing_without_effect"] == 0


@pytest.mark.parametrize(
    ("elsewhere", "container", "found"),
    [
        ({}, "", False),
        ({}, "web", True),
        ({"image": "shop/web:2"}, "", True),
        ({"container": "web"}, "", True),
        ({"path": "/var/lib/docker/overlay2/abc/diff/lib/x.so"}, "", True),
        ({"package": msgspec.structs.replace(OLD, system="/srv/chroot")}, "", True),
    ],
)
def test_the_hosts_musl_says_nothing_of_other_systems(run_started, elsewhere, container, found):
    """musl gives nobody an executable stack, but a container on the host may have glibc."""
    start = run_started()
    start = msgspec.structs.replace(start, host=msgspec.structs.replace(start.host, libc="musl 1.2.3"))
    file = msgspec.structs.replace(BAD, kind=ElfKind.SHARED_OBJECT, stack=StackHeader.MISSING, **elsewhere)
    one = process(7, container=container)
    answer = RULE.evaluate(assemble([start, SCAN, file, one, module(file, one.key)]))
    assert bool(answer.findings) == found


def test_nothing_scanned_is_not_available(verdict):
    assert verdict().outcome is Outcome.NOT_AVAILABLE
    assert verdict(FileScan(roots=("/",), finished=False)).outcome is Outcome.NOT_AVAILABLE


def test_software_for_unknown_machines_only_is_not_applicable(verdict):
    scan = FileScan(roots=("/",), files=1, candidates=1, elf=1, machines={"sparc64": 1})
    assert verdict(scan, msgspec.structs.replace(BAD, machine="sparc64")).outcome is Outcome.NOT_APPLICABLE


def test_what_only_processes_showed_counts_as_looked_at(verdict):
    assert verdict(FileScan(roots=(), mapped=3)).outcome is Outcome.CLEAR


def test_who_runs_it_is_told_by_what_is_mapped(verdict):
    first, second, other = process(7), process(5, "daemon"), process(9)
    same_inode_elsewhere = Module(path="/x", device=9, inode=2, mount_namespace=1, processes=(other.key,))
    (finding,) = verdict(
        SCAN, BAD, first, second, other, module(BAD, first.key, second.key), same_inode_elsewhere
    ).findings
    assert finding.attributes.running_pids == (5, 7)
    assert "daemon (5), tool (7)" in words(finding)


def test_who_runs_it_is_told_by_its_path_where_nothing_else_tells(verdict):
    inside = process(8, exe=BAD.path, container="web")
    (finding,) = verdict(SCAN, BAD, process(7, exe=BAD.path), inside).findings
    assert finding.attributes.running_pids == (7,)


def test_a_process_that_is_not_described_is_still_named_by_its_pid(verdict):
    (finding,) = verdict(SCAN, BAD, module(BAD, ProcessKey(77, 1))).findings
    assert finding.attributes.running_pids == (77,)


def test_a_process_that_became_another_program_is_one_pid(verdict):
    before, after = ProcessKey(7, 1), ProcessKey(7, 1, 1)
    (finding,) = verdict(SCAN, BAD, module(BAD, before, after)).findings
    assert finding.attributes.running_pids == (7,)


def test_many_processes_are_counted_not_listed(verdict):
    crowd = [process(pid) for pid in range(1, 9)]
    (finding,) = verdict(SCAN, BAD, *crowd, module(BAD, *(each.key for each in crowd))).findings
    assert "(+3)" in words(finding)
    assert len(finding.attributes.running_pids) == 8


def test_the_same_file_is_the_same_finding_whoever_runs_it(verdict):
    (idle,) = verdict(SCAN, BAD).findings
    one = process(7)
    (running,) = verdict(SCAN, BAD, one, module(BAD, one.key)).findings
    assert idle.identity == running.identity


def test_the_same_path_in_a_container_is_another_finding(verdict):
    inside = msgspec.structs.replace(BAD, device=50)
    one = process(7, container="web")
    findings = verdict(SCAN, BAD, inside, one, module(inside, one.key)).findings
    assert len({finding.identity for finding in findings}) == 2


def test_one_file_seen_under_two_device_numbers_is_one_finding(verdict):
    assert len(verdict(SCAN, BAD, msgspec.structs.replace(BAD, device=50)).findings) == 1


@pytest.mark.parametrize(
    ("package", "origin", "said"),
    [
        (OLD, "third-party-package", ["Old Inc.", "apt-get remove old"]),
        (msgspec.structs.replace(OLD, origin="os-package"), "os-package", ["apt-get install --only-upgrade old"]),
        (msgspec.structs.replace(OLD, manager="rpm"), "third-party-package", ["rpm --erase old"]),
        (
            msgspec.structs.replace(
                OLD, manager="rpm", vendor="SUSE LLC <https://www.suse.com/>", origin="os-package"
            ),
            "os-package",
            ["zypper update old", "rpm --erase old"],
        ),
        (msgspec.structs.replace(OLD, manager="apk"), "third-party-package", ["apk del old"]),
        (msgspec.structs.replace(OLD, name="a;b"), "third-party-package", ["apt-get remove 'a;b'"]),
        (None, "unpackaged", ["rm '/opt/old tool'"]),
    ],
)
def test_whose_it_is_decides_what_to_do(verdict, package, origin, said):
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, package=package)).findings
    assert finding.attributes.origin == origin
    for phrase in said:
        assert phrase in words(finding)


@pytest.mark.parametrize("manager", ["dpkg", "rpm", "apk", "pip", "npm", "gem", "snap", "flatpak"])
def test_every_package_manager_has_its_commands(verdict, manager):
    package = msgspec.structs.replace(OLD, manager=manager, vendor="")
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, package=package)).findings
    assert finding.params["remove"].endswith(" old")
    assert " " in finding.params["upgrade"]


@pytest.mark.parametrize(
    ("manager", "path", "command"),
    [
        (
            "pip",
            "/home/ann/env/lib/python3.11/site-packages/x/y.so",
            "/home/ann/env/bin/python3 -m pip uninstall old",
        ),
        ("pip", "/usr/local/lib/python3.11/dist-packages/x/y.so", "`python3 -m pip uninstall old`"),
        ("pip", "/home/ann/.local/lib/python3.11/site-packages/y.so", "`python3 -m pip uninstall old`"),
        ("npm", "/srv/the app/node_modules/a/node_modules/old/y.node", "npm --prefix '/srv/the app' uninstall old"),
        ("npm", "/usr/local/lib/node_modules/old/y.node", "npm --global --prefix /usr/local uninstall old"),
        ("gem", "/var/lib/gems/3.1.0/gems/old-1/lib/y.so", "gem uninstall --install-dir /var/lib/gems/3.1.0 old"),
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_package_of_a_language_is_dealt_with_where_it_lies(verdict, manager, path, command, language):
    """The system's own pip would uninstall the system's own package of that name."""
    package = msgspec.structs.replace(OLD, manager=manager, vendor="")
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, path=path, package=package)).findings
    assert command in words(finding, language)
    assert "root" in words(finding, language), "what lies there would run as root"


def test_a_package_of_another_architecture_is_named_with_it(verdict):
    package = msgspec.structs.replace(OLD, architecture="i386")
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, package=package)).findings
    assert "apt-get remove old:i386" in words(finding)
    assert "old:i386 1.0" in words(finding)
    assert finding.attributes.package == "old"


@pytest.mark.parametrize("language", Language)
def test_a_file_that_may_run_is_not_changed_in_place(verdict, language):
    """patchelf cuts the file to nothing before it writes it again; what has it mapped would crash."""
    said = words(verdict(SCAN, BAD).findings[0], language)
    assert "f='/opt/old tool'; cp -a" in said
    assert (
        said.index("cp -a") < said.index('patchelf --clear-execstack "$f.new"') < said.index('mv -b "$f.new" "$f"')
    )


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    "changes",
    [
        {"elsewhere": True},
        {"elsewhere": True, "ownership_known": False},
        {"elsewhere": True, "package": OLD},
        {"elsewhere": True, "package": msgspec.structs.replace(OLD, system="/proc/7/root")},
        {"image": "web:2"},
        {"container": "shop"},
    ],
)
def test_no_command_is_about_the_hosts_file_of_the_same_path(verdict, language, changes):
    one = process(7)
    file = msgspec.structs.replace(BAD, **changes)
    (finding,) = verdict(SCAN, file, one, module(file, one.key)).findings
    said = words(finding, language)
    assert "noexecstack" in said
    assert "`rm " not in said
    assert "f='/opt" not in said


def test_the_same_path_in_another_mount_namespace_is_another_finding(verdict):
    other = msgspec.structs.replace(BAD, inode=99, elsewhere=True)
    assert len(verdict(SCAN, BAD, other).findings) == 2


def test_a_package_of_another_system_is_dealt_with_there(verdict):
    inside = msgspec.structs.replace(BAD, package=msgspec.structs.replace(OLD, system="/srv/chroot"))
    (finding,) = verdict(SCAN, inside).findings
    assert "the system in /srv/chroot" in words(finding)
    one = process(7, container="web")
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, package=OLD), one, module(BAD, one.key)).findings
    assert "the system in web" in words(finding)
    assert finding.attributes.origin == "third-party-package"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("package", [None, OLD])
def test_a_file_of_an_images_layer_is_dealt_with_in_the_image(verdict, package, language):
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, image="shop/web:2", package=package)).findings
    said = words(finding, language)
    assert finding.attributes.image == "shop/web:2"
    assert "shop/web:2" in said
    assert "`rm " not in said


@pytest.mark.parametrize(
    "layer",
    [
        "/var/lib/docker/overlay2/" + "a" * 64 + "/diff",
        "/var/lib/containers/storage/overlay/" + "a" * 64 + "/diff",
        "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs",
    ],
)
def test_a_file_of_a_layer_that_runs_in_containers_is_one_finding(verdict, layer):
    below = msgspec.structs.replace(BAD, path=layer + BAD.path)
    above = msgspec.structs.replace(BAD, device=50)
    one, other = process(7, container="web"), process(9, container="shop")
    answer = verdict(SCAN, below, above, one, other, module(above, one.key, other.key))
    (finding,) = answer.findings
    assert finding.attributes.path == below.path
    assert finding.attributes.running_pids == (7, 9)
    assert finding.attributes.container == ""
    assert layer in words(finding), "what the image is called is not known here"
    assert "`rm " not in words(finding)
    assert finding.identity == verdict(SCAN, below).findings[0].identity, "whoever runs it"
    elsewhere = msgspec.structs.replace(above, inode=99)
    assert len(verdict(SCAN, below, elsewhere, one, module(elsewhere, one.key)).findings) == 2


@pytest.mark.parametrize("language", Language)
def test_a_file_that_a_container_wrote_is_the_containers(verdict, language):
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, image="shop/web:2", container="web")).findings
    assert (finding.attributes.image, finding.attributes.container) == ("shop/web:2", "web")
    assert "web" in words(finding, language)
    assert "`rm " not in words(finding, language)


def test_nothing_is_removed_on_the_host_for_a_file_inside_a_container(verdict):
    one = process(7, container="web")
    (finding,) = verdict(SCAN, BAD, one, module(BAD, one.key)).findings
    assert finding.attributes.container == "web"
    assert "`rm " not in words(finding)


def test_an_owner_that_could_not_be_looked_up_is_not_called_unpackaged(verdict):
    (finding,) = verdict(SCAN, msgspec.structs.replace(BAD, ownership_known=False)).findings
    assert finding.attributes.origin == ""
    assert "not known" in words(finding)


def test_a_stack_that_no_file_explains_is_found_by_itself(verdict):
    odd = process(7, "odd", exe="/usr/bin/odd", executable_stack=True)
    (finding,) = verdict(SCAN, odd, process(8, "odd", exe="/usr/bin/odd", executable_stack=True)).findings
    assert finding.attributes.running_pids == (7, 8)
    assert "/usr/bin/odd runs with an executable stack" in words(finding)


def test_a_stack_that_a_loaded_file_explains_is_that_files_finding(verdict):
    library = msgspec.structs.replace(BAD, path="/opt/l.so", inode=3, kind=ElfKind.SHARED_OBJECT)
    victim = process(7, exe="/usr/bin/fine", executable_stack=True)
    (finding,) = verdict(SCAN, library, victim, module(library, victim.key)).findings
    assert finding.attributes.path == "/opt/l.so"
    assert finding.attributes.running_pids == (7,)
    assert not finding.attributes.loadable_by_glibc


def test_a_writable_segment_explains_no_executable_stack(verdict):
    patched = msgspec.structs.replace(BAD, stack=StackHeader.NON_EXECUTABLE, writable_executable=True)
    victim = process(7, exe="/usr/bin/fine", executable_stack=True)
    findings = verdict(SCAN, patched, victim, module(patched, victim.key)).findings
    assert [finding.attributes.path for finding in findings] == [patched.path, "/usr/bin/fine"]


@pytest.mark.parametrize("language", Language)
def test_memory_that_is_executable_throughout_is_found_unless_a_file_explains_it(verdict, language):
    odd = process(7, "odd", exe="/usr/bin/odd", read_implies_exec=True, executable_stack=True)
    (finding,) = verdict(SCAN, odd).findings
    assert finding.attributes.reasons == ("read-implies-exec",)
    assert finding.attributes.running_pids == (7,)
    assert "odd (7)" in words(finding, language)
    asks = msgspec.structs.replace(BAD, machine="i386", stack=StackHeader.MISSING)
    (finding,) = verdict(SCAN, asks, odd, module(asks, odd.key)).findings
    assert (finding.attributes.path, finding.attributes.reasons) == (asks.path, ("stack-header-missing",))


def test_a_library_explains_an_executable_stack_but_not_that_all_memory_is(verdict):
    library = msgspec.structs.replace(BAD, path="/opt/l.so", inode=3, kind=ElfKind.SHARED_OBJECT)
    victim = process(7, exe="/usr/bin/fine", executable_stack=True, read_implies_exec=True)
    findings = verdict(SCAN, library, victim, module(library, victim.key)).findings
    assert [finding.attributes.reasons for finding in findings] == [("stack-executable",), ("read-implies-exec",)]


class TestCodeMemory:
    """Memory of no file that is both writable and executable."""

    HEADERLESS = msgspec.structs.replace(BAD, stack=StackHeader.MISSING)

    @pytest.mark.parametrize(
        "path",
        [
            "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so",
            "/usr/bin/node",
            "/usr/lib/x86_64-linux-gnu/libluajit-5.1.so.2.1.0",
            "/usr/lib/libmonosgen-2.0.so.1.0.0",
            "/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.0/libcoreclr.so",
            "/usr/lib/x86_64-linux-gnu/libmozjs-102.so.102.15.1",
        ],
    )
    def test_that_of_known_compilers_is_neither_a_finding_nor_an_exclusion(self, verdict, path):
        running = process(7, exe="/usr/bin/worker", code_memory=True)
        library = Module(path=path, device=1, inode=9, mount_namespace=1, processes=(running.key,))
        answer = verdict(SCAN, self.HEADERLESS, running, library, module(self.HEADERLESS, running.key))
        assert (answer.outcome, answer.findings, answer.exclusions) == (Outcome.CLEAR, (), ())
        assert answer.coverage["processes_with_just_in_time_compiler"] == 1

    @pytest.mark.parametrize("library", ["libpcre2-8.so.0.11.2", "libffi.so.8.1.2"])
    def test_a_library_that_half_of_all_programs_have_explains_it_only_where_nothing_else_does(
        self, verdict, library
    ):
        running = process(7, exe="/usr/bin/worker", code_memory=True)
        mapped = Module(path=f"/usr/lib/{library}", device=1, inode=9, mount_namespace=1, processes=(running.key,))
        answer = verdict(SCAN, running, mapped)
        assert (answer.findings, answer.exclusions) == ((), ())
        answer = verdict(SCAN, self.HEADERLESS, running, mapped, module(self.HEADERLESS, running.key))
        assert [finding.attributes.path for finding in answer.findings] == [BAD.path]
        assert answer.coverage["processes_with_just_in_time_compiler"] == 0

    @pytest.mark.parametrize("machine", ["arm64", "ppc64le", "riscv64"])
    def test_it_says_nothing_of_threads_where_glibc_protects_their_stacks(self, verdict, machine):
        file = msgspec.structs.replace(self.HEADERLESS, machine=machine)
        running = process(7, exe="/usr/bin/worker", code_memory=True)
        answer = verdict(SCAN, file, running, module(file, running.key))
        assert answer.findings == ()
        assert [exclusion.code for exclusion in answer.exclusions] == ["code-memory-unexplained"]
        assert answer.coverage["header_missing_without_effect"] == 1

    def test_a_compiler_is_known_by_the_program_too(self, verdict):
        answer = verdict(SCAN, process(7, exe="/opt/node-v20/bin/node", code_memory=True))
        assert answer.coverage["processes_with_just_in_time_compiler"] == 1

    @pytest.mark.parametrize("language", Language)
    def test_that_of_nobody_known_is_an_exclusion_and_no_finding(self, verdict, language):
        answer = verdict(SCAN, process(7, "odd", exe="/usr/bin/odd", code_memory=True))
        (exclusion,) = answer.exclusions
        assert (answer.outcome, answer.findings) == (Outcome.CLEAR, ())
        said = text(f"limitation.{exclusion.code}.description", language, exclusion.params)
        assert "odd" in said
        assert answer.coverage["processes_with_unexplained_code_memory"] == 1

    @pytest.mark.parametrize("language", Language)
    def test_that_of_a_program_without_a_header_is_its_threads_stacks(self, verdict, language):
        """glibc makes them so, though the kernel protects the first: tests/oracle/dep shows it."""
        running, idle = process(7, code_memory=True), process(8)
        answer = verdict(SCAN, self.HEADERLESS, running, idle, module(self.HEADERLESS, running.key, idle.key))
        (finding,) = answer.findings
        assert finding.attributes.path == BAD.path
        assert finding.attributes.reasons == ("stack-header-missing",)
        assert finding.attributes.running_pids == (7,)
        assert not finding.attributes.kernel_makes_stack_executable
        assert "tool (7)" in words(finding, language)
        assert answer.exclusions == ()

    @pytest.mark.parametrize("seen", ["executable_stack", "read_implies_exec"])
    def test_where_more_is_wrong_that_is_told_instead(self, verdict, seen):
        answer = verdict(SCAN, process(7, exe="/usr/bin/odd", code_memory=True, **{seen: True}))
        assert len(answer.findings) == 1
        assert answer.exclusions == ()

    def test_a_library_with_an_executable_stack_explains_it(self, verdict):
        library = msgspec.structs.replace(BAD, path="/opt/l.so", inode=3, kind=ElfKind.SHARED_OBJECT)
        victim = process(7, exe="/usr/bin/fine", code_memory=True)
        answer = verdict(SCAN, library, victim, module(library, victim.key))
        assert [finding.attributes.path for finding in answer.findings] == ["/opt/l.so"]
        assert answer.exclusions == ()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", ElfKind)
@pytest.mark.parametrize("stack", StackHeader)
@pytest.mark.parametrize("segment", [False, True])
@pytest.mark.parametrize("owner", [OLD, msgspec.structs.replace(OLD, origin="os-package"), None, "unknown"])
def test_every_finding_has_its_words(verdict, language, kind, stack, segment, owner):
    file = msgspec.structs.replace(
        BAD,
        machine="i386",
        kind=kind,
        stack=stack,
        writable_executable=segment,
        package=None if owner == "unknown" else owner,
        ownership_known=owner != "unknown",
    )
    one = process(7)
    for records in ([], [one, module(file, one.key)]):
        for finding in verdict(SCAN, file, *records).findings:
            assert file.path in words(finding, language)
            assert ("tool (7)" in words(finding, language)) == bool(records)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("cause", "path", "said"),
    [("processor", "/proc/cpuinfo", "NX"), ("noexec=off", "/proc/cmdline", "noexec=off")],
)
def test_a_host_that_protects_nothing_is_found_and_excluded(run_started, language, cause, path, said):
    start = run_started()
    start = msgspec.structs.replace(start, host=msgspec.structs.replace(start.host, no_execute_off=cause))
    answer = RULE.evaluate(assemble([start, SCAN]))
    (finding,) = answer.findings
    (exclusion,) = answer.exclusions
    assert answer.outcome is Outcome.FINDING
    assert finding.attributes.path == path
    assert said in words(finding, language)
    assert text(f"limitation.{exclusion.code}.title", language)
