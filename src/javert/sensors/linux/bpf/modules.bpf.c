// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Which files are mapped executable, by whom: told once for each file, not once for each mapping.
 *
 * Hooks, why these, and since when:
 *   iter/task                   all processes, at the start, at the end and now and then (5.8)
 *   tp_btf/sched_process_exit   what a process had mapped when it ended, however short it lived; costs other system calls
 *                               nothing. The memory is still there since 6.16; before, `exits_without_memory` counts
 *   tp_btf/sched_prepare_exec   the same for the program that execve(2) replaces (6.10; left out where it does not exist)
 * The open-coded iterator over mappings is there since 6.7. Hooks on mmap(2) would see more (dlclose before the end) but tax
 * every system call of the host.
 */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "modules.h"

#define VM_EXEC 0x4
#define MODULES 65536

extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 addr) __ksym;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MODULES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct module_key);
	__type(value, __u32);
} modules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} module_events SEC(".maps");

/* Read by user space through the memory of .bss. */
struct state {
	__u32 module_count;
	__u32 pad;
	__u64 lost;		    /* no room in the ring or the map */
	__u64 busy;		    /* memory maps that could not be locked at an exit or exec */
	__u64 exits;		    /* of user processes */
	__u64 exits_without_memory; /* of these, seen too late */
};
struct state state;

static __always_inline __u32 flags_of(struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	if (!BPF_CORE_READ(cred, uid.val) || !BPF_CORE_READ(cred, euid.val) || !BPF_CORE_READ(cred, suid.val) ||
	    !BPF_CORE_READ(cred, fsuid.val))
		return TASK_ROOT;
	return 0;
}

/*
 * Tells user space of the module if this is news; its number, or -1. Global, and its pointers plain numbers, so that the
 * verifier looks at it once and not in each turn of its callers' loops.
 */
__noinline long tell_module(__u64 file_address, __u64 task_address, __u32 task_flags)
{
	struct file *file = (struct file *)file_address;
	struct task_struct *task = (struct task_struct *)task_address;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct module_key key = {};
	struct module_event *event;
	struct vfsmount *vfs;
	struct dentry *dentry;
	struct mount *mount;
	__u32 *known, number;

	user_path(file, &vfs, &dentry);
	if (!inode || !dentry)
		return -1;
	inode = BPF_CORE_READ(dentry, d_inode) ?: inode;
	key.inode = BPF_CORE_READ(inode, i_ino);
	key.device = BPF_CORE_READ(inode, i_sb, s_dev);
	key.generation = BPF_CORE_READ(inode, i_generation);
	key.mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	key.root = task_flags & TASK_ROOT;
	known = bpf_map_lookup_elem(&modules, &key);
	if (known)
		return *known;
	event = bpf_ringbuf_reserve(&module_events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&state.lost, 1);
		return -1;
	}
	number = __sync_fetch_and_add(&state.module_count, 1);
	if (bpf_map_update_elem(&modules, &key, &number, BPF_NOEXIST)) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		known = bpf_map_lookup_elem(&modules, &key);
		if (known)
			return *known;
		__sync_fetch_and_add(&state.lost, 1);
		return -1;
	}
	mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
	event->time_ns = bpf_ktime_get_boot_ns();
	event->inode = key.inode;
	event->module = number;
	event->device = key.device;
	event->mode = BPF_CORE_READ(inode, i_mode);
	event->uid = BPF_CORE_READ(inode, i_uid.val);
	event->gid = BPF_CORE_READ(inode, i_gid.val);
	event->flags = 0;
	if (!BPF_CORE_READ(dentry, d_hash.pprev) || !BPF_CORE_READ(inode, i_nlink))
		event->flags |= MODULE_DELETED;
	if (BPF_CORE_READ(mount, mnt_ns, ns.inum) != key.mount_namespace)
		event->flags |= MODULE_DETACHED;
	event->task_flags = task_flags;
	event->pad = 0;
	describe_task(task, &event->who);
	name_path(vfs, dentry, &event->path);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return number;
}

/*
 * The number of a module that was told before, or -1. A walk over all tasks asks this for every mapping, so the key of
 * tell_module() is made here of fields loaded straight from trusted pointers.
 */
static __always_inline long known_module(struct file *file, __u32 mount_namespace, __u32 task_flags)
{
	struct module_key key = { .mount_namespace = mount_namespace, .root = task_flags & TASK_ROOT };
	struct dentry *dentry = file->f_path.dentry;
	struct inode *inode;
	__u32 *known;

	if (!dentry || (file->f_mode & FMODE_BACKING))
		return -1;
	inode = dentry->d_inode;
	if (!inode)
		return -1;
	key.inode = inode->i_ino;
	key.device = inode->i_sb->s_dev;
	key.generation = inode->i_generation;
	known = bpf_map_lookup_elem(&modules, &key);
	return known ? (long)*known : -1;
}

static __always_inline void tell_mappings(struct task_struct *task)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	struct file *last = NULL;
	__u32 flags = flags_of(task);
	__u64 address = plain(task);

	if (!(flags & TASK_ROOT))
		return;
	if (bpf_iter_task_vma_new(&it, task, 0))
		__sync_fetch_and_add(&state.busy, 1);
	while ((vma = bpf_iter_task_vma_next(&it))) {
		struct file *file = vma->vm_file;

		if (!file || !(vma->vm_flags & VM_EXEC) || file == last)
			continue;
		last = file;
		tell_module((__u64)BPF_CORE_READ(vma, vm_file), address, flags);
	}
	bpf_iter_task_vma_destroy(&it);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	if (task->pid != task->tgid || (task->flags & PF_KTHREAD))
		return 0;
	__sync_fetch_and_add(&state.exits, 1);
	if (!task->mm) {
		__sync_fetch_and_add(&state.exits_without_memory, 1);
		return 0;
	}
	tell_mappings(task);
	return 0;
}

SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	if (task->mm)
		tell_mappings(task);
	return 0;
}

SEC("iter/task")
int all_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct module_record module = { .type = RECORD_MODULE };
	struct task_record record = { .type = RECORD_TASK };
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	struct file *last = NULL;
	unsigned long stack;
	__u64 address;

	if (!task || task->pid != task->tgid || !task->mm || (task->flags & PF_KTHREAD))
		return 0;
	address = plain(task);
	describe_task(task, &record.who);
	record.flags = flags_of(task);
	stack = BPF_CORE_READ(task, mm, start_stack);
	if (bpf_iter_task_vma_new(&it, task, 0))
		record.flags |= TASK_BUSY;
	while ((vma = bpf_iter_task_vma_next(&it))) {
		struct file *file = vma->vm_file;
		long number;

		if (!(vma->vm_flags & VM_EXEC))
			continue;
		if (!file && vma->vm_start <= stack && stack < vma->vm_end)
			record.flags |= TASK_EXECUTABLE_STACK;
		if (!file || file == last)
			continue;
		last = file;
		number = known_module(file, record.who.mount_namespace, record.flags);
		if (number < 0)
			number = tell_module((__u64)BPF_CORE_READ(vma, vm_file), address, record.flags & TASK_ROOT);
		if (number < 0)
			continue;
		module.module = number;
		bpf_seq_write(seq, &module, sizeof(module));
	}
	bpf_iter_task_vma_destroy(&it);
	bpf_seq_write(seq, &record, sizeof(record)); /* behind its modules, when all flags are known */
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
