// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * With which scripts root processes start interpreters: the interpreter is mapped, the script is not.
 *
 * Hook: tp_btf/sched_process_exec (5.5), which runs in the new program after its arguments are in place, and before its
 * first instruction: nothing it does can hide them. Other programs pay nothing; a program start of root's costs about a
 * microsecond. What was told is remembered by a hash, so that a script that cron starts every minute is told once. Only
 * what is news takes room in the ring: a build starts thousands of programs between two looks of the reader.
 */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "scripts.h"

#define TOLD 16384
#define EEXIST 17

/* More of the kernel's types than the other programs need. */
struct linux_binprm___names {
	const char *filename;
	const char *interp;
} __attribute__((preserve_access_index));

struct fs_struct {
	struct path root;
	struct path pwd;
} __attribute__((preserve_access_index));

struct task_struct___fs {
	struct fs_struct *fs;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TOLD);
	__type(key, __u64);
	__type(value, __u32);
} told SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} script_events SEC(".maps");

/* What one start of a program says; on the stack there is no room for it. */
struct words {
	char script[CMDLINE_MAX]; /* what is likely to be it */
	struct script_event event;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct words);
} scratch SEC(".maps");

/* Read by user space through the memory of .bss. */
struct script_state {
	__u64 lost; /* no room in the ring, or a command line that could not be read */
};
struct script_state script_state;

static __always_inline bool is_root(struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	return !BPF_CORE_READ(cred, uid.val) || !BPF_CORE_READ(cred, euid.val) || !BPF_CORE_READ(cred, suid.val) ||
	       !BPF_CORE_READ(cred, fsuid.val);
}

/* The first eight bytes of a name as one number, so that no string has to be kept in memory. */
#define BYTE(text, i) ((i) < sizeof(text) ? (__u64)(text)[(i) < sizeof(text) ? (i) : 0] << 8 * (i) : 0)
#define WORD(text) \
	(BYTE(text, 0) | BYTE(text, 1) | BYTE(text, 2) | BYTE(text, 3) | BYTE(text, 4) | BYTE(text, 5) | BYTE(text, 6))
#define LOW(bytes) ((1ULL << 8 * (bytes)) - 1)
#define BEGINS(name, text) (((name) & LOW(sizeof(text) - 1)) == WORD(text))
#define IS(name, text) (((name) & LOW(sizeof(text))) == WORD(text))

static __always_inline bool is_shell(__u64 name)
{
	return IS(name, "sh") || BEGINS(name, "sh-") || BEGINS(name, "bash") || BEGINS(name, "dash") ||
	       IS(name, "ash") || BEGINS(name, "busybox") || BEGINS(name, "ksh") || BEGINS(name, "mksh") ||
	       BEGINS(name, "pdksh") || BEGINS(name, "rbash") || BEGINS(name, "yash") || BEGINS(name, "zsh") ||
	       BEGINS(name, "lksh") || BEGINS(name, "posh") || BEGINS(name, "csh") || BEGINS(name, "bsd-csh") ||
	       BEGINS(name, "tcsh") || IS(name, "fish");
}

static __always_inline bool is_python(__u64 name)
{
	return BEGINS(name, "python") || BEGINS(name, "pypy") || BEGINS(name, "platfor"); /* platform-python */
}

/* Coarse, to keep other programs out of the ring; the reader looks closer (javert/formats/interpreters.py). */
static __always_inline bool may_interpret(__u64 name)
{
	return is_shell(name) || is_python(name) || BEGINS(name, "perl") || BEGINS(name, "ruby") ||
	       BEGINS(name, "node") || BEGINS(name, "php");
}

static __always_inline __u64 mix(__u64 hash, __u64 word)
{
	return (hash ^ word) * 0x100000001b3ULL; /* FNV-1a, eight bytes at a time */
}

static __always_inline __u64 hashed(const char *text)
{
	__u64 hash = 0xcbf29ce484222325ULL;

	for (int i = 0; i < CMDLINE_MAX / 8; i++) {
		hash = mix(hash, ((const __u64 *)text)[i]);
		hash ^= hash >> 29;
	}
	return hash;
}

/* The first argument after the program's own name, or nothing. */
static __always_inline void first_argument(struct words *words)
{
	long length = bpf_probe_read_kernel_str(words->script, CMDLINE_MAX, words->event.cmdline);

	__builtin_memset(words->script, 0, CMDLINE_MAX);
	if (length > 0 && length < CMDLINE_MAX)
		bpf_probe_read_kernel_str(words->script, CMDLINE_MAX - length, words->event.cmdline + length);
}

/* Whether the script may stand behind the first argument: an option, or the applet of busybox. */
static __always_inline bool stands_later(const struct words *words)
{
	__u64 first = *(const __u64 *)words->script;

	return words->script[0] == '-' || words->script[0] == '+' || IS(first, "sh") || IS(first, "ash") ||
	       IS(first, "hush") || BEGINS(first, "inspect");
}

/* Inode numbers alone would not do: the root directories of file systems of one kind have the same. */
static __always_inline __u64 hash_directory(__u64 hash, const struct dentry *directory)
{
	hash = mix(hash, BPF_CORE_READ(directory, d_inode, i_ino));
	return mix(hash, BPF_CORE_READ(directory, d_inode, i_sb, s_dev));
}

static __always_inline __u64 hash_place(__u64 hash, struct task_struct *task)
{
	struct task_struct___fs *located = (void *)task;
	const struct inode *exe = BPF_CORE_READ(task, mm, exe_file, f_inode);

	hash = mix(hash, BPF_CORE_READ(exe, i_ino));
	hash = mix(hash, BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id));
	hash = mix(hash, BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum));
	hash = hash_directory(hash, BPF_CORE_READ(located, fs, root.dentry));
	return hash_directory(hash, BPF_CORE_READ(located, fs, pwd.dentry));
}

static __always_inline int lose(void)
{
	__sync_fetch_and_add(&script_state.lost, 1);
	return 0;
}

/* Sends the event, without the room behind its last path; false if there is no room in the ring. */
static __always_inline bool send(struct script_event *event)
{
	__u64 size = sizeof(*event);

	if (!event->root.length) {
		size = offsetof(struct script_event, directory.names) + event->directory.length;
		if (size > sizeof(*event))
			size = sizeof(*event);
	}
	return !bpf_ringbuf_output(&script_events, event, size, 0);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(script_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct linux_binprm___names *names = (void *)bprm;
	struct task_struct___fs *located = (void *)task;
	char interpreter[INTERPRETER_MAX] = {};
	__u32 zero = 0, one = 1, length;
	struct script_event *event;
	struct words *words;
	struct dentry *exe;
	__u64 name, hash;
	bool hashbang;

	if (!is_root(task))
		return 0;
	exe = BPF_CORE_READ(task, mm, exe_file, f_path.dentry);
	bpf_probe_read_kernel_str(interpreter, sizeof(interpreter), BPF_CORE_READ(exe, d_name.name));
	name = *(__u64 *)interpreter;
	hashbang = BPF_CORE_READ(names, interp) != BPF_CORE_READ(names, filename);
	if (!hashbang && !may_interpret(name))
		return 0;
	words = bpf_map_lookup_elem(&scratch, &zero);
	if (!words)
		return lose();
	event = &words->event;
	__builtin_memset(words->script, 0, sizeof(words->script));
	__builtin_memset(event->cmdline, 0, sizeof(event->cmdline));
	length = read_cmdline(task, event->cmdline);
	if (hashbang)
		bpf_probe_read_kernel_str(words->script, FILENAME_MAX, BPF_CORE_READ(names, filename));
	else if (!length) /* even a program without arguments has the end of an empty name there */
		return lose();
	else
		first_argument(words);
	if (!hashbang && (is_shell(name) || is_python(name)) && IS(*(__u64 *)words->script, "-c"))
		return 0;
	/* Whatever a script is given makes it no other. */
	hash = hashed(!hashbang && stands_later(words) ? event->cmdline : words->script);
	hash = hash_place(mix(hash, hashbang), task);
	if (bpf_map_update_elem(&told, &hash, &one, BPF_NOEXIST) == -EEXIST)
		return 0;
	event->time_ns = bpf_ktime_get_boot_ns();
	event->hashbang = hashbang;
	event->cmdline_length = length;
	describe_task(task, &event->who);
	__builtin_memcpy(event->interpreter, interpreter, sizeof(interpreter));
	__builtin_memcpy(event->filename, words->script, sizeof(event->filename));
	if (!hashbang)
		event->filename[0] = 0;
	name_path(BPF_CORE_READ(located, fs, pwd.mnt), BPF_CORE_READ(located, fs, pwd.dentry), &event->directory);
	name_path(BPF_CORE_READ(located, fs, root.mnt), BPF_CORE_READ(located, fs, root.dentry), &event->root);
	if (!send(event)) {
		bpf_map_delete_elem(&told, &hash); /* it is still news when it comes again */
		return lose();
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
