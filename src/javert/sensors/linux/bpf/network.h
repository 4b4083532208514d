/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the network programs and their reader (kernel_records.py) share. */
#ifndef JAVERT_NETWORK_H
#define JAVERT_NETWORK_H

#include "vmlinux.h"
#include "who.h"

#define ENDPOINTS 32768 /* power of two: indexes are masked */
#define SEGMENT_BYTES 1024
#define SLOTS 65536 /* power of two */
#define NO_ENDPOINT 0xffffffff /* of a connection that is Javert's own, or not counted for another reason */

enum role { ROLE_CLIENT = 0, ROLE_SERVER = 1 };
enum event_type { EVENT_ENDPOINT = 1, EVENT_SEGMENT = 2, EVENT_LISTEN = 3, EVENT_UNLISTEN = 4, EVENT_CGROUP = 5 };
enum direction { TO_NETWORK = 0, FROM_NETWORK = 1 };
enum segment_flags {
	SEGMENT_MIDSTREAM = 1,	 /* the flow was open before the run */
	SEGMENT_AT_LISTENER = 2, /* data on the packet that completed the handshake: the flow has no socket yet */
	SEGMENT_UDP = 4,
};

/*
 * Whom traffic is counted for. The address and port are the server's: remote for a client, local for a server.
 * Executable, user and cgroup are only set for clients. For a flow open before the run the process is not known here:
 * exe_inode is then the inode number of the socket itself and exe_device 0, and user space finds its holder.
 */
struct endpoint_key {
	__u8 address[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u64 cgroup;
	__u64 exe_inode;
	__u32 exe_device;
	__u32 uid;
	__u32 network_namespace;
	__u16 port;
	__u8 transport; /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 role;
	__u8 peer_loopback; /* (server) the client came over loopback */
	__u8 midstream;
	__u8 prompted; /* the client held a service that Javert was asking just then: this may be its reaction */
	__u8 pad[5];
};

/*
 * Counters of one endpoint; user space reads them through mmap and sets interval_ms. What a connection touches is one
 * cache line, and the next endpoint's lies in another pair of lines: a client and its server on one host are neighbours
 * here and often run on two processors.
 */
struct endpoint {
	__u64 connections;
	__u64 refused;
	__u64 bytes_in;
	__u64 bytes_out;
	__u64 first_ns; /* CLOCK_BOOTTIME */
	__u64 last_ns;
	__u64 last_sample_ns;
	__u32 sampled;
	__u32 interval_ms; /* after the first flows, one flow per interval is looked at */
	__u64 pad[8];
};

/* Whose an endpoint is. It is kept, so that user space can still ask when the ring had no room for the event. */
struct endpoint_identity {
	struct endpoint_key key;
	__u64 socket_inode;
	struct who who; /* all zero where no process is known */
};

/* A new endpoint. Where no process is known that is all of it. */
struct endpoint_event {
	__u32 type;
	__u32 endpoint;
	__u64 time_ns;
	struct endpoint_identity identity;
};

/* A new endpoint of a process that runs just now. */
struct client_event {
	struct endpoint_event endpoint;
	__u32 cmdline_length;
	__u32 pad;
	struct path_names exe;
	char cmdline[CMDLINE_MAX];
};

/* A control group, when the first of its processes is told of: it may be gone before anybody can look. */
struct cgroup_event {
	__u32 type;
	__u32 pad;
	__u64 cgroup;
	struct path_names path; /* from the root of the tree */
};

struct segment_event {
	__u32 type;
	__u32 endpoint;
	__u64 time_ns;
	__u64 cookie; /* of the socket */
	__u8 peer[16];
	__u16 peer_port;
	__u16 local_port;
	__u32 network_namespace;
	__u32 offset; /* of data[0] in this direction's stream */
	__u32 length; /* of the segment's payload */
	__u16 captured;
	__u8 direction;
	__u8 flags;
	__u8 data[SEGMENT_BYTES];
};

struct listen_event {
	__u32 type;
	__u32 pad;
	__u64 time_ns;
	__u8 address[16];
	__u32 network_namespace;
	__u16 port;
	__u16 pad2;
	__u64 socket_inode;
	__u64 cookie;
	struct who who;
	__u32 cmdline_length;
	__u32 pad3;
	struct path_names exe;
	char cmdline[CMDLINE_MAX];
};

enum mark_flags {
	OPENED = 1,    /* the handshake was seen to end, and the connection counted */
	LOOKED_AT = 2, /* its first segments are passed up: it has a struct flow */
	SETTLED = 4,   /* closed: all that it carried is counted */
	PROMPTED = 8,
	MIDSTREAM = 16, /* open before the run */
};

/* A TCP connection: whose it is, and what was done about it. */
struct mark {
	__u32 endpoint;
	__u32 flags;
};

/*
 * The mark of a socket opened during the run. Socket cookies are numbers in a row, so the slot is the cookie's low bits,
 * and sockets only meet in one when the older is still open after SLOTS others. Then the younger's is in a struct flow.
 */
struct slot {
	__u64 cookie; /* 0: free */
	struct mark mark;
};

/* Per socket: what is left to be passed up. Making one costs more than all the rest, so only few sockets have one. */
struct flow {
	struct mark mark; /* where there is no slot; its endpoint always */
	__u32 base_in;	  /* sequence number of the first payload byte */
	__u32 base_out;
	__u16 left_in;
	__u16 left_out;
	__u32 network_namespace;
	__u32 unresolved; /* open before the run, and silent so far: has no endpoint yet */
	__u32 uid;
	__u64 bytes_in_before;
	__u64 bytes_out_before;
	__u64 socket_inode;
};

struct udp_flow_key {
	__u64 cookie;
	__u8 peer[16];
	__u16 peer_port;
	__u8 pad[6];
};

struct udp_flow {
	__u32 endpoint;
	__u16 left_in;
	__u16 left_out;
	__u8 role;
	__u8 counted;
	__u8 pad[2];
	__u32 network_namespace;
};

/*
 * A flow by its client: one of Javert's own, or of whoever asks a server over UDP. For UDP, where servers may answer from
 * another port, server_port is 0.
 */
struct own_flow_key {
	__u8 address[16];
	__u32 network_namespace;
	__u16 client_port;
	__u16 server_port;
};

struct port_key {
	__u32 network_namespace;
	__u16 port;
	__u16 pad;
};

#endif
