// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Which files are mapped executable, by whom: told once for each file, not once for each mapping.
 *
 * Hooks, why these, and since when:
 *   iter/task                   all processes, at the start, at the end and now and then (5.8)
 *   tp_btf/sched_process_exit   what a process had mapped when it ended, however short it lived; costs other system calls
 *                               nothing. The memory is still there since 6.16; before, `exits_without_memory` counts
 *   tp_btf/sched_prepare_exec   the same for the program that execve(2) replaces (6.10; left out where it does not exist)
 *   tp_btf/sched_process_exec   whether root started a program: what the dynamic loader maps before the program's first
 *                               instruction is mapped by root, whoever the process is when it ends (5.5)
 * The open-coded iterator over mappings is there since 6.7. Hooks on mmap(2) would see more (dlclose before the end) but tax
 * every system call of the host.
 */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "mappings.h"
#include "modules.h"

#define VM_WRITE 0x2
#define VM_EXEC 0x4
#define READ_IMPLIES_EXEC 0x0400000
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

/* What a walk tells of one task; the verifier would look at every number that a counter on the stack may have. */
struct account {
	struct module_block block;
	struct tree_walk walk;
	__u64 last; /* file, as a plain number */
	__u32 blocks; /* that are written */
	__u32 flags; /* enum task_flags */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct account);
} scratch SEC(".maps");

/* What a task was when a walk told all its mappings. Equal the next time: there is nothing to tell. */
struct told {
	__u64 exec_id;
	__u64 cgroup;
	__u32 lock_sequence; /* counts changes of the memory map */
	__u32 mount_namespace;
	__u32 flags;
	__u32 complete;
	__u64 started_by_root; /* exec_id of the program, and one; 0 if another user started it, or nobody saw */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct told);
} told SEC(".maps");

/* Read by user space through the memory of .bss. */
struct state {
	__u32 module_count;
	__u32 pad;
	__u64 lost;		    /* at an exit or exec: no room in the ring or the map */
	__u64 busy;		    /* memory maps that could not be locked at an exit or exec */
	__u64 exits;		    /* of user processes */
	__u64 exits_without_memory; /* of these, seen too late */
};
struct state state;

static __always_inline __u32 flags_of(struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, real_cred);
	__u32 flags = task->personality & READ_IMPLIES_EXEC ? TASK_READ_IMPLIES_EXEC : 0;

	if (!BPF_CORE_READ(cred, uid.val) || !BPF_CORE_READ(cred, euid.val) || !BPF_CORE_READ(cred, suid.val) ||
	    !BPF_CORE_READ(cred, fsuid.val))
		flags |= TASK_ROOT;
	return flags;
}

#define NO_FILE -1 /* there is nothing to tell */
#define NO_ROOM -2

/*
 * Tells user space of the module if this is news; its number, NO_FILE or NO_ROOM. Global, and its pointers plain numbers, so that the
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
		return NO_FILE;
	inode = BPF_CORE_READ(dentry, d_inode) ?: inode;
	key.inode = BPF_CORE_READ(inode, i_ino);
	key.device = BPF_CORE_READ(inode, i_sb, s_dev);
	key.generation = BPF_CORE_READ(inode, i_generation);
	key.mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	key.root = task_flags & (TASK_ROOT | TASK_DROPPED);
	if (task_flags & TASK_DROPPED)
		key.program = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	known = bpf_map_lookup_elem(&modules, &key);
	if (known)
		return *known;
	event = bpf_ringbuf_reserve(&module_events, sizeof(*event), 0);
	if (!event)
		return NO_ROOM;
	number = __sync_fetch_and_add(&state.module_count, 1);
	if (bpf_map_update_elem(&modules, &key, &number, BPF_NOEXIST)) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		known = bpf_map_lookup_elem(&modules, &key);
		return known ? (long)*known : NO_ROOM;
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
	struct backing_file *backing;
	struct inode *inode;
	__u32 *known;

	if (is_backing(file->f_mode)) {
		backing = bpf_rdonly_cast(file, bpf_core_type_id_kernel(struct backing_file));
		dentry = backing->user_path.dentry;
	}
	if (!dentry)
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

/* TASK_DROPPED if root started the program that a process runs for another user. */
static __always_inline __u32 dropped(struct task_struct *task, const struct told *known, __u32 flags)
{
	return !(flags & TASK_ROOT) && known && known->started_by_root == task->self_exec_id + 1 ? TASK_DROPPED : 0;
}

static __always_inline void tell_mappings(struct task_struct *task)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	struct file *last = NULL;
	__u32 flags = flags_of(task);
	__u64 address = plain(task);

	flags |= dropped(task, bpf_task_storage_get(&told, task, NULL, 0), flags);
	if (!(flags & (TASK_ROOT | TASK_DROPPED)))
		return;
	if (bpf_iter_task_vma_new(&it, task, 0))
		__sync_fetch_and_add(&state.busy, 1);
	while ((vma = bpf_iter_task_vma_next(&it))) {
		struct file *file = vma->vm_file;

		if (!file || !(vma->vm_flags & VM_EXEC) || file == last)
			continue;
		last = file;
		if (tell_module((__u64)BPF_CORE_READ(vma, vm_file), address, flags) == NO_ROOM)
			__sync_fetch_and_add(&state.lost, 1);
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

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_started, struct task_struct *task)
{
	struct told *known;

	if (!(flags_of(task) & TASK_ROOT))
		return 0;
	known = bpf_task_storage_get(&told, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (known)
		known->started_by_root = task->self_exec_id + 1;
	return 0;
}

SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	if (task->mm)
		tell_mappings(task);
	return 0;
}

/*
 * What would be told of the task now. Not complete where the kernel has no count of the changes of a memory map (before
 * 6.13, or without CONFIG_PER_VMA_LOCK), and while one is going on, when the count is odd (include/linux/mmap_lock.h).
 */
static __always_inline void state_of(struct task_struct *task, const struct told *before, struct told *now)
{
	now->exec_id = task->self_exec_id;
	now->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	now->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	now->flags = flags_of(task);
	now->flags |= dropped(task, before, now->flags);
	now->started_by_root = before ? before->started_by_root : 0;
	if (bpf_core_field_exists(((struct mm_struct *)0)->mm_lock_seq.sequence)) {
		now->lock_sequence = BPF_CORE_READ(task, mm, mm_lock_seq.sequence);
		now->complete = !(now->lock_sequence & 1);
	}
}

static __always_inline bool is_unchanged(const struct told *before, const struct told *now)
{
	return before->complete && now->complete && before->lock_sequence == now->lock_sequence &&
	       before->exec_id == now->exec_id && before->mount_namespace == now->mount_namespace &&
	       before->flags == now->flags && before->cgroup == now->cgroup;
}

static __always_inline void write_block(struct seq_file *seq, struct module_block *block)
{
	__u32 count = block->count & (2 * BLOCK_MODULES - 1);

	if (!count || count > BLOCK_MODULES)
		return;
	bpf_seq_write(seq, block, sizeof(*block) - sizeof(block->modules) + count * sizeof(__u32));
	block->count = 0;
}

static __always_inline bool add_number(struct account *account, long number)
{
	__u32 at = account->block.count;

	if (number < 0 || at >= BLOCK_MODULES)
		return false;
	account->block.modules[at & (BLOCK_MODULES - 1)] = number;
	account->block.count = at + 1;
	return true;
}

/* Takes one mapping into account; false if it is of a file that was not told yet, or the block is full. */
static __always_inline bool account_for(struct account *account, struct vm_area_struct *vma, const struct told *now,
					unsigned long stack)
{
	struct file *file = vma->vm_file;

	if (!(vma->vm_flags & VM_EXEC))
		return true;
	if (!file) {
		if (vma->vm_start <= stack && stack < vma->vm_end)
			account->flags |= TASK_EXECUTABLE_STACK;
		else if (vma->vm_flags & VM_WRITE)
			account->flags |= TASK_CODE_MEMORY;
		return true;
	}
	if ((__u64)file == account->last)
		return true;
	account->last = (__u64)file;
	return add_number(account, known_module(file, now->mount_namespace, now->flags));
}

/* All modules of a task that has only such as are known; false if the kernel's iterator has to be asked. */
static __noinline int account_by_tree(struct task_struct *task, struct account *account, const struct told *now,
				      unsigned long stack)
{
	struct mm_struct *mm = task->mm;
	struct bpf_iter_num nodes, slots;
	bool known = true;
	int *node, *slot, leaf;

	read_barrier(&account->walk);
	if (!mm || !tree_is_known() || !now->complete || !begin_tree(mm, &account->walk))
		return false;
	bpf_iter_num_new(&nodes, 0, TREE_NODES);
	while ((node = bpf_iter_num_next(&nodes))) {
		leaf = next_node(&account->walk, *node);
		if (leaf < 0 || !known)
			break;
		bpf_iter_num_new(&slots, 0, NODE_SLOTS);
		while ((slot = bpf_iter_num_next(&slots))) {
			struct vm_area_struct *vma;

			if (!leaf) {
				note_node(&account->walk, *slot);
				continue;
			}
			vma = mapping_at(&account->walk, *slot);
			if (vma && !account_for(account, vma, now, stack))
				known = false;
		}
		bpf_iter_num_destroy(&slots);
	}
	bpf_iter_num_destroy(&nodes);
	read_barrier(&account->walk);
	return known && task->mm == mm && account->walk.found == BPF_CORE_READ(mm, map_count) &&
	       now->lock_sequence == BPF_CORE_READ(mm, mm_lock_seq.sequence);
}

/* All modules of a task by the kernel's iterator, which keeps each mapping from going; new ones are told. */
static __always_inline void account_by_iterator(struct task_struct *task, struct account *account, struct told *now,
						unsigned long stack, struct seq_file *seq)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	__u64 address = plain(task);
	long number;

	if (bpf_iter_task_vma_new(&it, task, 0))
		account->flags |= TASK_BUSY;
	while ((vma = bpf_iter_task_vma_next(&it))) {
		if (account_for(account, vma, now, stack))
			continue;
		if (account->block.count >= BLOCK_MODULES) {
			write_block(seq, &account->block);
			account->blocks++;
		}
		if (account->blocks >= TASK_BLOCKS) {
			account->flags |= TASK_BUSY;
			break;
		}
		number = tell_module((__u64)BPF_CORE_READ(vma, vm_file), address, now->flags & TASK_ROOT);
		if (number == NO_ROOM)
			account->flags |= TASK_BUSY;
		add_number(account, number); /* also of a file that was told before, to a full block */
	}
	bpf_iter_task_vma_destroy(&it);
}

static __always_inline void begin_account(struct account *account, __u32 flags)
{
	account->block.type = RECORD_MODULES;
	account->block.count = 0;
	account->last = 0;
	account->blocks = 0;
	account->flags = flags;
}

SEC("iter/task")
int all_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct task_record record = { .type = RECORD_TASK };
	struct unchanged_record unchanged = { .type = RECORD_UNCHANGED };
	struct told now = {}, *before;
	struct account *account;
	unsigned long stack;
	__u32 zero = 0;

	if (!task || task->pid != task->tgid || !task->mm || (task->flags & PF_KTHREAD))
		return 0;
	before = bpf_task_storage_get(&told, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	state_of(task, before, &now);
	if (before && is_unchanged(before, &now)) {
		unchanged.pid = task->tgid;
		bpf_seq_write(seq, &unchanged, sizeof(unchanged));
		return 0;
	}
	account = bpf_map_lookup_elem(&scratch, &zero);
	if (!account)
		return 0;
	describe_task(task, &record.who);
	stack = BPF_CORE_READ(task, mm, start_stack);
	begin_account(account, now.flags);
	if (!account_by_tree(task, account, &now, stack)) {
		begin_account(account, now.flags);
		account_by_iterator(task, account, &now, stack, seq);
	}
	write_block(seq, &account->block);
	record.flags = account->flags;
	/* Behind its modules, when all flags are known. Without room for it the kernel empties its buffer and comes again. */
	if (bpf_seq_write(seq, &record, sizeof(record)) || !before)
		return 0;
	now.complete = now.complete && !(record.flags & TASK_BUSY);
	*before = now;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
