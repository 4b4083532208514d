/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the script program and its reader (javert/formats/script_records.py) share. */
#ifndef JAVERT_SCRIPTS_H
#define JAVERT_SCRIPTS_H

#include "vmlinux.h"
#include "who.h"

#define FILENAME_MAX 256
#define INTERPRETER_MAX 32

/*
 * A root process was started that may be an interpreter with a script; told once for each command line. The paths stand
 * last, and what is behind the names of the last one that has any is not sent: a path rarely fills its room.
 */
struct script_event {
	__u64 time_ns;
	__u32 hashbang; /* the kernel itself found the interpreter, in the first line of the script ("#!") */
	__u32 cmdline_length;
	struct who who;
	char interpreter[INTERPRETER_MAX]; /* last part of its path */
	char filename[FILENAME_MAX];	   /* as given to execve(2): the script, if there was a "#!" */
	char cmdline[CMDLINE_MAX];
	struct path_names directory; /* the working directory, by which these are told */
	struct path_names root;	     /* the root directory, if the process left its namespace's for another (chroot(2)) */
};

#endif
