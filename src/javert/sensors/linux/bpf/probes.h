/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Javert's own questions to services, and what services do because of them, are no traffic of the host. */
#ifndef JAVERT_PROBES_H
#define JAVERT_PROBES_H

#include "endpoints.h"

#define OWN_FLOWS 4096

/* User space puts a flow in before its first packet, and takes it out a while after the last; never evicted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_FLOWS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct own_flow_key);
	__type(value, __u8);
} own_flows SEC(".maps");

/* Processes that hold a service which is being asked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_FLOWS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} asked_processes SEC(".maps");

/* Connections of theirs, in any namespace (0): what accepts one here has it from them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OWN_FLOWS);
	__type(key, struct own_flow_key);
	__type(value, __u8);
} prompted_flows SEC(".maps");

static __always_inline void client_of(const struct sock *sk, __u16 port, struct own_flow_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	socket_address(sk, true, key->address);
	key->network_namespace = sk->__sk_common.skc_net.net->ns.inum;
	key->client_port = bpf_ntohs(sk->__sk_common.skc_dport);
	key->server_port = port;
}

/* Whether the client of a connection that is being accepted is Javert. It is asked once: then the tuple is free again. */
static __always_inline bool accepts_own(const struct sock *sk, __u16 port)
{
	struct own_flow_key key;

	if (!state.own_flows)
		return false;
	client_of(sk, port, &key);
	return !bpf_map_delete_elem(&own_flows, &key);
}

static __always_inline bool own_client(const __u8 address[16], __u32 network_namespace, __u16 client_port,
				       __u16 server_port)
{
	struct own_flow_key key = {};

	__builtin_memcpy(key.address, address, 16);
	key.network_namespace = network_namespace;
	key.client_port = client_port;
	key.server_port = server_port;
	return bpf_map_lookup_elem(&own_flows, &key);
}

/* Whether a task, or one of the two that started it (a program for each connection), holds a service being asked. */
static __always_inline bool is_asked(struct task_struct *task)
{
	__u32 pid;

	if (!state.asked_processes)
		return false;
	for (int i = 0; i < 3; i++) {
		pid = BPF_CORE_READ(task, tgid);
		if (pid <= 1)
			return false;
		if (bpf_map_lookup_elem(&asked_processes, &pid))
			return true;
		task = BPF_CORE_READ(task, real_parent);
	}
	return false;
}

/* A prompted connection has its port now: what accepts it in a moment shall know it by that. */
static __always_inline void note_prompted(const struct sock *sk)
{
	struct own_flow_key key = {};
	__u8 one = 1;

	socket_address(sk, false, key.address);
	key.client_port = sk->__sk_common.skc_num;
	key.server_port = bpf_ntohs(sk->__sk_common.skc_dport);
	bpf_map_update_elem(&prompted_flows, &key, &one, BPF_ANY);
}

static __always_inline bool accepts_prompted(const struct sock *sk, __u16 port)
{
	struct own_flow_key key;

	if (!state.asked_processes)
		return false;
	client_of(sk, port, &key);
	key.network_namespace = 0;
	return !bpf_map_delete_elem(&prompted_flows, &key);
}

#endif
