/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The maps of the network programs, and finding or making an endpoint. */
#ifndef JAVERT_ENDPOINTS_H
#define JAVERT_ENDPOINTS_H

#include "network.h"

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define AF_INET 2
#define AF_INET6 10

#define FOR_SERVERS 4096     /* endpoints that clients leave free, so that every listener can be counted */
#define FIRST_FLOWS 24	      /* of an endpoint that are all looked at */
#define DEFAULT_INTERVAL_MS 125 /* between later ones */
#define FLOW_SEGMENTS 48 /* each way that are passed up of a flow */
#define SEGMENTS_PER_SECOND 4000 /* passed up in all */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENDPOINTS);
	__type(key, struct endpoint_key);
	__type(value, __u32);
} endpoint_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ENDPOINTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ENDPOINTS);
	__type(key, __u32);
	__type(value, struct endpoint_identity);
} identities SEC(".maps");

/* Control groups whose names user space was told. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
} told_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct udp_flow_key);
	__type(value, struct udp_flow);
} udp_flows SEC(".maps");

/* Clients that have asked a UDP server here, with its endpoint: TFTP answers from a socket of its own. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct own_flow_key);
	__type(value, __u32);
} udp_askers SEC(".maps");

/* TCP ports listened on, for the direction of flows that were open before the run. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct port_key);
	__type(value, __u8);
} listening SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

/* Read and set by user space through the memory of .bss. */
struct state {
	__u32 endpoint_count;
	__u32 self_pid;
	__u64 lost_clients;   /* connections of clients for which there was no room */
	__u64 lost_servers;   /* connections to servers for which there was no room */
	__u64 lost_events;    /* new endpoints that had no room in the ring buffer: user space reads their identity */
	__u64 lost_segments;  /* over the budget of SEGMENTS_PER_SECOND, or ring buffer full */
	__u64 lost_flows;     /* no memory for a flow's storage */
	__u64 window_ns;
	__u64 window_segments;
	__u32 walk_stops; /* the TCP iterator: 0 takes the stock at the start, 1 settles accounts at the end */
	__u32 lost_listens; /* listeners that came or went untold: user space lists them again */
	__u32 own_flows;       /* entries of the map; while it is 0 nobody looks there */
	__u32 asked_processes; /* likewise */
	__u32 stock_taken; /* what was open before the run is known, and all listeners */
};
struct state state;

static __always_inline void set_ipv4(__u8 address[16], __be32 ip)
{
	__builtin_memset(address, 0, 10);
	address[10] = 0xff;
	address[11] = 0xff;
	__builtin_memcpy(address + 12, &ip, 4);
}

static __always_inline bool is_loopback(const __u8 a[16])
{
	const __u32 *w = (const __u32 *)a;

	if (w[0] || w[1])
		return false;
	if (w[2] == bpf_htonl(0xffff))
		return a[12] == 127;
	return !w[2] && w[3] == bpf_htonl(1);
}

/*
 * The addresses of a socket, its own (or its peer's). Here and in tcp.h fields are loaded straight from trusted pointers,
 * a nanosecond each, where BPF_CORE_READ would call a helper for every arrow: this runs for every connection.
 */
static __always_inline void socket_address(const struct sock *sk, bool peer, __u8 address[16])
{
	__u32 *words = (__u32 *)address;

	if (sk->__sk_common.skc_family == AF_INET6) {
		words[0] = peer ? sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[0] :
				  sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[0];
		words[1] = peer ? sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[1] :
				  sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[1];
		words[2] = peer ? sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[2] :
				  sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[2];
		words[3] = peer ? sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[3] :
				  sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[3];
		return;
	}
	set_ipv4(address, peer ? sk->__sk_common.skc_daddr : sk->__sk_common.skc_rcv_saddr);
}

/* Tells the name of the task's control group, once. */
static __always_inline void tell_cgroup(struct task_struct *task)
{
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	__u64 cgroup = BPF_CORE_READ(node, id);
	struct cgroup_event *event;
	__u8 one = 1;

	if (bpf_map_lookup_elem(&told_cgroups, &cgroup))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return; /* the next process of the group tells it */
	event->type = EVENT_CGROUP;
	event->pad = 0;
	event->cgroup = cgroup;
	name_cgroup(node, &event->path);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	bpf_map_update_elem(&told_cgroups, &cgroup, &one, BPF_ANY);
}

static __always_inline void name_program(struct task_struct *task, struct path_names *out)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct vfsmount *vfs;
	struct dentry *dentry;

	out->length = 0;
	out->truncated = 0;
	if (exe) {
		user_path(exe, &vfs, &dentry);
		name_path(vfs, dentry, out);
	}
}

static __always_inline void begin_endpoint_event(struct endpoint_event *event, __u32 index,
						 const struct endpoint_identity *identity)
{
	event->type = EVENT_ENDPOINT;
	event->endpoint = index;
	event->time_ns = bpf_ktime_get_boot_ns();
	event->identity = *identity;
}

/* Notes whose a new endpoint is; before anybody else can find it. */
static __noinline int identify_endpoint(struct endpoint_key *key, __u32 index, struct task_struct *task,
					__u64 socket_inode)
{
	struct endpoint_identity *identity = bpf_map_lookup_elem(&identities, &index);

	if (!identity || !key)
		return -1;
	identity->key = *key;
	identity->socket_inode = socket_inode;
	if (task)
		describe_task(task, &identity->who);
	return 0;
}

/* Tells user space of a new endpoint; `task` is NULL where the caller runs in no process's context. */
static __noinline int announce_endpoint(__u32 index, struct task_struct *task)
{
	struct endpoint_identity *identity = bpf_map_lookup_elem(&identities, &index);
	struct endpoint_event *event;
	struct client_event *client;

	if (!identity)
		return -1;
	if (!task) {
		event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
		if (!event)
			goto lost;
		begin_endpoint_event(event, index, identity);
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
		return 0;
	}
	tell_cgroup(task);
	client = bpf_ringbuf_reserve(&events, sizeof(*client), 0);
	if (!client)
		goto lost;
	begin_endpoint_event(&client->endpoint, index, identity);
	client->pad = 0;
	client->cmdline_length = read_cmdline(task, client->cmdline);
	name_program(task, &client->exe);
	bpf_ringbuf_submit(client, BPF_RB_NO_WAKEUP);
	return 0;
lost:
	__sync_fetch_and_add(&state.lost_events, 1);
	return -1;
}

/* The number of the endpoint, made if need be; -1 if there is no room. */
static __always_inline long find_endpoint(struct endpoint_key *key, struct task_struct *task, __u64 socket_inode)
{
	__u32 *known = bpf_map_lookup_elem(&endpoint_index, key);
	__u32 index;

	if (known)
		return *known;
	/* The count never goes back, so that no number is given twice; processors at once may go over it by a few. */
	index = state.endpoint_count;
	if (index < (key->role == ROLE_SERVER ? ENDPOINTS : ENDPOINTS - FOR_SERVERS))
		index = __sync_fetch_and_add(&state.endpoint_count, 1);
	else
		index = ENDPOINTS;
	if (index >= ENDPOINTS) {
		__sync_fetch_and_add(key->role == ROLE_SERVER ? &state.lost_servers : &state.lost_clients, 1);
		return -1;
	}
	identify_endpoint(key, index, task, socket_inode);
	if (bpf_map_update_elem(&endpoint_index, key, &index, BPF_NOEXIST)) {
		/* Another processor was first: the number stays unused. */
		known = bpf_map_lookup_elem(&endpoint_index, key);
		return known ? (long)*known : -1;
	}
	announce_endpoint(index, task);
	return index;
}

static __always_inline struct endpoint *endpoint_at(long index)
{
	__u32 key = index;

	return index < 0 ? NULL : bpf_map_lookup_elem(&endpoints, &key);
}

static __always_inline void touch(struct endpoint *e, __u64 now)
{
	if (!e->first_ns)
		e->first_ns = now;
	e->last_ns = now;
}

/* Whether this flow of the endpoint is looked at: all of the first ones, then one in an interval. */
static __always_inline bool take_sample(struct endpoint *e, __u64 now)
{
	__u32 interval = e->interval_ms ? e->interval_ms : DEFAULT_INTERVAL_MS;

	if ((!e->interval_ms && e->sampled < FIRST_FLOWS) ||
	    now - e->last_sample_ns >= (__u64)interval * 1000000) {
		e->last_sample_ns = now;
		__sync_fetch_and_add(&e->sampled, 1);
		return true;
	}
	return false;
}

/* Keeps what is passed up within SEGMENTS_PER_SECOND; a race loses or gains a few, which does no harm. */
static __always_inline bool within_budget(__u64 now)
{
	if (now - state.window_ns > 1000000000ULL) {
		state.window_ns = now;
		state.window_segments = 0;
	}
	if (++state.window_segments <= SEGMENTS_PER_SECOND)
		return true;
	__sync_fetch_and_add(&state.lost_segments, 1);
	return false;
}

#endif
