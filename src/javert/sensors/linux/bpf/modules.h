/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the module programs and their reader (kernel_records.py) share. */
#ifndef JAVERT_MODULES_H
#define JAVERT_MODULES_H

#include "vmlinux.h"
#include "who.h"

enum task_flags {
	TASK_ROOT = 1,		   /* a real, effective, saved or file-system uid is 0 in the initial user namespace */
	TASK_EXECUTABLE_STACK = 2, /* its [stack] mapping is executable */
	TASK_BUSY = 4,		   /* its mappings could not be told in full: look in /proc */
	TASK_READ_IMPLIES_EXEC = 8, /* of its personality */
	TASK_DROPPED = 32,	   /* not TASK_ROOT any more, but it was when execve(2) started the program */
	TASK_CODE_MEMORY = 16,	   /* it has memory of no file, besides the stack, that is both writable and executable */
};
enum module_flags {
	MODULE_DELETED = 1,  /* no name leads to the file any more */
	MODULE_DETACHED = 2, /* not in the task's mount namespace: memfd, a lazily unmounted file system */
};
enum record_type { RECORD_TASK = 1, RECORD_MODULES = 2, RECORD_UNCHANGED = 3 };

#define BLOCK_MODULES 1024 /* power of two */
#define TASK_BLOCKS 6	   /* of one task: the kernel's buffer for it holds 32 kB */

/*
 * A file mapped executable, told once for each of its names (hard links, bind mounts) and for each mount namespace, once more
 * when a root process maps it, and once more for each program that gave root up.
 */
struct module_key {
	__u64 inode;
	__u64 name;    /* address of its dentry; another file may come to have it, which then has another inode */
	__u64 mount;   /* and of the mount */
	__u64 program; /* inode number of that program; 0 otherwise */
	__u32 device;
	__u32 generation;
	__u32 mount_namespace;
	__u32 root; /* TASK_ROOT or TASK_DROPPED, or neither */
};

struct module_event {
	__u64 time_ns;
	__u64 inode;
	__u32 module; /* number within the run */
	__u32 device;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 flags;	   /* enum module_flags */
	__u32 task_flags; /* enum task_flags */
	__u32 pad;
	struct who who; /* the first process seen with it */
	struct path_names path;
};

/*
 * Records of the task iterator: blocks with the numbers of a task's modules, then the task; or the pid alone of a task
 * that has mapped nothing and become nobody else since the walk before.
 */
struct task_record {
	__u32 type;
	__u32 flags;
	struct who who;
};

struct module_block {
	__u32 type;
	__u32 count;
	__u32 modules[BLOCK_MODULES]; /* as many as there are */
};

struct unchanged_record {
	__u32 type;
	__u32 pid;
};

#endif
