// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * With which scripts root processes start interpreters: the interpreter is mapped, the script is not.
 *
 * Hook: tp_btf/sched_process_exec (5.5), which runs in the new program after its arguments are in place, and before its
 * first instruction: nothing it does can hide them. Other programs pay nothing; a program start of root's costs about a
 * microsecond. What was told is remembered by a hash, so that a script that cron starts every minute is told once.
 */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "scripts.h"

#define TOLD 16384
#define WORDS (CMDLINE_MAX / 8)

/* More of the kernel's types than the other programs need. */
struct linux_binprm___names {
	const char *filename;
	const char *interp;
} __attribute__((preserve_access_index));

struct fs_struct {
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
	__uint(max_entries, 4 * 1024 * 1024);
} script_events SEC(".maps");

/* Read by user space through the memory of .bss. */
struct script_state {
	__u64 lost; /* no room in the ring */
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

/* Coarse, to keep other programs out of the ring; the reader looks closer (javert/formats/interpreters.py). */
static __always_inline bool may_interpret(const char *text)
{
	__u64 name = *(const __u64 *)text;

	return BEGINS(name, "python") || BEGINS(name, "pypy") || BEGINS(name, "perl") || BEGINS(name, "ruby") ||
	       BEGINS(name, "node") || BEGINS(name, "php") || BEGINS(name, "bash") || BEGINS(name, "dash") ||
	       BEGINS(name, "busybox") || BEGINS(name, "ksh") || BEGINS(name, "zsh") || IS(name, "sh") ||
	       IS(name, "ash") || IS(name, "mksh") || IS(name, "rbash");
}

static __always_inline __u64 mix(__u64 hash, __u64 word)
{
	return (hash ^ word) * 0x100000001b3ULL; /* FNV-1a, eight bytes at a time */
}

static __always_inline bool is_news(const struct script_event *event, __u64 directory)
{
	const __u64 *words = (const __u64 *)event->cmdline;
	__u64 hash = 0xcbf29ce484222325ULL;
	__u32 one = 1;

	for (int i = 0; i < WORDS; i++) {
		hash = mix(hash, words[i]);
		hash ^= hash >> 29;
	}
	hash = mix(hash, event->who.mount_namespace);
	hash = mix(hash, event->who.exe_inode);
	hash = mix(hash, event->who.cgroup);
	hash = mix(hash, directory);
	return !bpf_map_update_elem(&told, &hash, &one, BPF_NOEXIST);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(script_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct linux_binprm___names *names = (void *)bprm;
	struct task_struct___fs *located = (void *)task;
	struct dentry *directory, *exe;
	struct script_event *event;
	bool hashbang;

	if (!is_root(task))
		return 0;
	event = bpf_ringbuf_reserve(&script_events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&script_state.lost, 1);
		return 0;
	}
	exe = BPF_CORE_READ(task, mm, exe_file, f_path.dentry);
	__builtin_memset(event->interpreter, 0, sizeof(event->interpreter));
	bpf_probe_read_kernel_str(event->interpreter, sizeof(event->interpreter), BPF_CORE_READ(exe, d_name.name));
	hashbang = BPF_CORE_READ(names, interp) != BPF_CORE_READ(names, filename);
	if (!hashbang && !may_interpret(event->interpreter))
		goto discard;
	__builtin_memset(event->cmdline, 0, sizeof(event->cmdline));
	event->cmdline_length = read_cmdline(task, event->cmdline);
	describe_task(task, &event->who);
	directory = BPF_CORE_READ(located, fs, pwd.dentry);
	if (!is_news(event, BPF_CORE_READ(directory, d_inode, i_ino)))
		goto discard;
	event->time_ns = bpf_ktime_get_boot_ns();
	event->hashbang = hashbang;
	event->filename[0] = 0;
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename), BPF_CORE_READ(names, filename));
	name_path(BPF_CORE_READ(located, fs, pwd.mnt), directory, &event->directory);
	bpf_ringbuf_submit(event, 0);
	return 0;
discard:
	bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
