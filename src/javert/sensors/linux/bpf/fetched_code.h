/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Modules of root processes at the moment at which code in them is run for the first time: also of a library that is opened
 * and closed between two walks, as PAM does it with each of its modules.
 *
 * Hooks, why these, and since when:
 *   tp_btf/page_fault_user          whether a fault is for an instruction (x86). Others go on after one comparison. Interrupts
 *                                   are off here, and to find the mapping would cost a microsecond; so only the address is kept
 *   tp_btf/mm_filemap_map_pages     the same fault, when the page comes from a file (6.11): the mapping is looked for, unless
 *   tp_btf/mm_filemap_fault         the file is known to have been run; the second where the page has to be read first
 * What is not seen: a file that is mapped executable and never run, or whose code lies in pages that were read before.
 */
#ifndef JAVERT_FETCHED_CODE_H
#define JAVERT_FETCHED_CODE_H

#include "module_table.h"
#include <bpf/bpf_tracing.h>

#define FETCHED 8192

struct fetched_key {
	__u64 mapping;
	__u64 inode;
	__u32 generation;
	__u32 mount_namespace;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FETCHED);
	__type(key, struct fetched_key);
	__type(value, __u32);
} fetched SEC(".maps");

struct fetch {
	struct inode *host;
	bool told;
};

SEC("tp_btf/page_fault_user")
int BPF_PROG(code_fetched, unsigned long address, struct pt_regs *registers, unsigned long error_code)
{
	struct task_struct *task;
	struct told *known;

	if (!bpf_core_enum_value_exists(enum x86_pf_error_code, X86_PF_INSTR) ||
	    !(error_code & bpf_core_enum_value(enum x86_pf_error_code, X86_PF_INSTR)))
		return 0;
	task = bpf_get_current_task_btf();
	if (!(flags_of(task) & TASK_ROOT))
		return 0;
	known = bpf_task_storage_get(&told, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (known)
		known->fetching = address;
	return 0;
}

static long tell_fetched(struct task_struct *task, struct vm_area_struct *vma, struct fetch *fetch)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);

	if (!file || !(vma->vm_flags & VM_EXEC))
		return 0;
	if (tell_module((__u64)file, plain(task), flags_of(task)) == NO_ROOM)
		__sync_fetch_and_add(&state.lost, 1);
	else
		fetch->told = BPF_CORE_READ(file, f_inode) == fetch->host;
	return 0;
}

static __always_inline int take_fetched(struct address_space *mapping)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct told *known = bpf_task_storage_get(&told, task, NULL, 0);
	struct fetch fetch = {};
	struct fetched_key key = {};
	struct inode *host;
	__u32 one = 1;

	if (!known || !known->fetching)
		return 0;
	host = fetch.host = BPF_CORE_READ(mapping, host);
	key.mapping = (__u64)mapping;
	key.inode = BPF_CORE_READ(host, i_ino);
	key.generation = BPF_CORE_READ(host, i_generation);
	key.mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	if (!bpf_map_lookup_elem(&fetched, &key)) {
		bpf_find_vma(task, known->fetching, tell_fetched, &fetch, 0);
		if (fetch.told)
			bpf_map_update_elem(&fetched, &key, &one, BPF_ANY);
	}
	known->fetching = 0;
	return 0;
}

SEC("tp_btf/mm_filemap_map_pages")
int BPF_PROG(code_mapped, struct address_space *mapping)
{
	return take_fetched(mapping);
}

SEC("tp_btf/mm_filemap_fault")
int BPF_PROG(code_read, struct address_space *mapping)
{
	return take_fetched(mapping);
}

#endif
