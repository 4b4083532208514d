/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The modules of the run as the kernel programs know them, each told to user space once, and what is known of tasks. */
#ifndef JAVERT_MODULE_TABLE_H
#define JAVERT_MODULE_TABLE_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "modules.h"

#define VM_EXEC 0x4
#define READ_IMPLIES_EXEC 0x0400000
#define MODULES 65536
#define MODULES_OF_OTHERS 32768 /* whoever maps thousands of files leaves room for what root has; what is beyond is read in /proc */

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

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

/* What a task was when a walk told all its mappings. Equal the next time: there is nothing to tell. */
struct told {
	__u64 exec_id;
	__u64 cgroup;
	__u32 lock_sequence; /* counts changes of the memory map */
	__u32 mount_namespace;
	__u32 flags;
	__u32 complete;
	__u64 fetching; /* where root's process is about to run code for the first time; 0 if nowhere */
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
	__u32 others; /* modules that processes other than root's have */
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
	key.name = (__u64)dentry;
	key.mount = (__u64)vfs;
	key.device = BPF_CORE_READ(inode, i_sb, s_dev);
	key.generation = BPF_CORE_READ(inode, i_generation);
	key.mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	key.root = task_flags & (TASK_ROOT | TASK_DROPPED);
	if (task_flags & TASK_DROPPED)
		key.program = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	known = bpf_map_lookup_elem(&modules, &key);
	if (known)
		return *known;
	if (!key.root && state.others >= MODULES_OF_OTHERS)
		return NO_ROOM;
	event = bpf_ringbuf_reserve(&module_events, sizeof(*event), 0);
	if (!event)
		return NO_ROOM;
	number = __sync_fetch_and_add(&state.module_count, 1);
	if (bpf_map_update_elem(&modules, &key, &number, BPF_NOEXIST)) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		known = bpf_map_lookup_elem(&modules, &key);
		return known ? (long)*known : NO_ROOM;
	}
	if (!key.root)
		__sync_fetch_and_add(&state.others, 1);
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
	struct vfsmount *mount = file->f_path.mnt;
	struct backing_file *backing;
	struct inode *inode;
	__u32 *known;

	if (is_backing(file->f_mode)) {
		backing = bpf_rdonly_cast(file, bpf_core_type_id_kernel(struct backing_file));
		dentry = backing->user_path.dentry;
		mount = backing->user_path.mnt;
	}
	if (!dentry)
		return -1;
	inode = dentry->d_inode;
	if (!inode)
		return -1;
	key.inode = inode->i_ino;
	key.name = (__u64)dentry;
	key.mount = (__u64)mount;
	key.device = inode->i_sb->s_dev;
	key.generation = inode->i_generation;
	known = bpf_map_lookup_elem(&modules, &key);
	return known ? (long)*known : -1;
}

#endif
