/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Who a task is and where a file lies: shared by all programs. Layouts are mirrored in
 * src/javert/sensors/linux/kernel_records.py; a test compares them with the BTF of the objects.
 */
#ifndef JAVERT_WHO_H
#define JAVERT_WHO_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define PATH_NAMES 1024 /* room for the names of a path, each ended by NUL */
#define NAME_MAX 256
#define PATH_DEPTH 48
#define CMDLINE_MAX 512

#define PF_KTHREAD 0x00200000
/* include/linux/fs.h: FMODE_BACKING is bit 25 in Linux 6.5 to 6.13 and bit 24 from 6.14 on; FMODE_NOACCOUNT bit 29. */
#define FMODE_BACKING_EITHER (1u << 24 | 1u << 25)
#define FMODE_NOACCOUNT (1u << 29)

struct who {
	__u64 start_ns; /* since boot, suspend included: what field 22 of /proc/PID/stat counts in ticks */
	__u64 cgroup;	/* inode number of the cgroup v2 directory */
	__u64 exe_inode;
	__u32 exe_device; /* major << 20 | minor */
	__u32 pid;
	__u32 parent_pid;
	__u32 uid; /* effective, initial user namespace */
	__u32 network_namespace;
	__u32 mount_namespace;
	char name[16];
	char parent_name[16];
};

/* A path as its names from the file up to the root of the mount namespace, each ended by NUL. */
struct path_names {
	__u32 length;
	__u32 truncated;
	char names[PATH_NAMES + NAME_MAX];
};

/* A pointer that the verifier guards, as a plain number: by a trip through the stack. */
static __always_inline __u64 plain(const void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

static __always_inline void describe_task(struct task_struct *task, struct who *who)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent);
	struct inode *exe = BPF_CORE_READ(task, mm, exe_file, f_inode);

	who->start_ns = BPF_CORE_READ(leader, start_boottime);
	who->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	who->exe_inode = BPF_CORE_READ(exe, i_ino);
	who->exe_device = BPF_CORE_READ(exe, i_sb, s_dev);
	who->pid = BPF_CORE_READ(task, tgid);
	who->parent_pid = BPF_CORE_READ(parent, tgid);
	who->uid = BPF_CORE_READ(task, real_cred, euid.val);
	who->network_namespace = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	who->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	BPF_CORE_READ_STR_INTO(&who->name, leader, comm);
	BPF_CORE_READ_STR_INTO(&who->parent_name, parent, comm);
}

/* Walks from the file to the root of its mount namespace, across mount points (as prepend_path() in fs/d_path.c). */
static __always_inline void name_path(struct vfsmount *vfs, struct dentry *dentry, struct path_names *out)
{
	__u32 length = 0;
	bool truncated = true;

	for (int i = 0; i < PATH_DEPTH; i++) {
		struct mount *mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
		struct dentry *parent;
		long n;

		if (dentry == BPF_CORE_READ(vfs, mnt_root)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (!above || above == mount) {
				truncated = false;
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			vfs = (void *)above + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		if (length >= PATH_NAMES)
			break;
		n = bpf_probe_read_kernel_str(&out->names[length], NAME_MAX, BPF_CORE_READ(dentry, d_name.name));
		if (n < 0 || n > NAME_MAX)
			break;
		length += n;
		parent = BPF_CORE_READ(dentry, d_parent);
		if (!parent || parent == dentry) {
			truncated = false; /* memfd and the like: a name without a place */
			break;
		}
		dentry = parent;
	}
	out->length = length;
	out->truncated = truncated;
}

/* The path of a control group, from the group up to the root of the tree, which has no name. */
static __always_inline void name_cgroup(struct kernfs_node *node, struct path_names *out)
{
	__u32 length = 0;
	bool truncated = true;

	for (int i = 0; i < PATH_DEPTH; i++) {
		struct kernfs_node *parent;
		long n;

		if (bpf_core_field_exists(node->__parent))
			parent = BPF_CORE_READ(node, __parent);
		else
			parent = (void *)BPF_CORE_READ((struct kernfs_node___before_6_15 *)node, parent);
		if (!parent) {
			truncated = false;
			break;
		}
		if (length >= PATH_NAMES)
			break;
		n = bpf_probe_read_kernel_str(&out->names[length], NAME_MAX, BPF_CORE_READ(node, name));
		if (n < 0 || n > NAME_MAX)
			break;
		length += n;
		node = parent;
	}
	out->length = length;
	out->truncated = truncated;
}

/*
 * A file of a layer that overlayfs opened (alloc_empty_backing_file() in fs/file_table.c, which sets both flags). The bit
 * that is not FMODE_BACKING belongs to files of fanotify, which are never opened without account.
 */
static __always_inline bool is_backing(__u32 mode)
{
	return bpf_core_field_exists(struct backing_file, user_path) && (mode & FMODE_NOACCOUNT) &&
	       (mode & FMODE_BACKING_EITHER);
}

/* The path by which user space knows the file; on overlayfs not that of the layer (file_user_path()). */
static __always_inline void user_path(struct file *file, struct vfsmount **vfs, struct dentry **dentry)
{
	if (is_backing(BPF_CORE_READ(file, f_mode))) {
		struct backing_file *backing = (struct backing_file *)file;

		*vfs = BPF_CORE_READ(backing, user_path.mnt);
		*dentry = BPF_CORE_READ(backing, user_path.dentry);
		return;
	}
	*vfs = BPF_CORE_READ(file, f_path.mnt);
	*dentry = BPF_CORE_READ(file, f_path.dentry);
}

/* The start of the command line; only in the task's own context. Never leaves the sensor unredacted. */
static __always_inline __u32 read_cmdline(struct task_struct *task, char *out)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long end = BPF_CORE_READ(task, mm, arg_end);
	unsigned long length = end - start;

	if (!start || end <= start)
		return 0;
	if (length > CMDLINE_MAX)
		length = CMDLINE_MAX;
	if (bpf_probe_read_user(out, length, (void *)start))
		return 0;
	return length;
}

#endif
