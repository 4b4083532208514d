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
 *   tp_btf/page_fault_user,     what a process runs code of and unmaps before any of these: fetched_code.h (6.11)
 *   tp_btf/mm_filemap_*
 * The open-coded iterator over mappings is there since 6.7. Hooks on mmap(2) would tax every system call of the host.
 */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "fetched_code.h"
#include "mappings.h"
#include "module_table.h"

#define VM_WRITE 0x2

extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 addr) __ksym;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym;

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

/* A process goes on after its first thread has ended (pthread_exit(3) in main()), which then has no memory any more. */
static __always_inline bool leader_is_gone(struct task_struct *task)
{
	return task->mm && !BPF_CORE_READ(task, group_leader, mm);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	if (task->flags & PF_KTHREAD)
		return 0;
	if (task->pid != task->tgid) {
		if (leader_is_gone(task))
			tell_mappings(task);
		return 0;
	}
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

	if (!task || !task->mm || (task->flags & PF_KTHREAD) || (task->pid != task->tgid && !leader_is_gone(task)))
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
