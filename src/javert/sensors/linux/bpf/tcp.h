/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* TCP connections: opened, accepted, closed, and listeners that come and go. */
#ifndef JAVERT_TCP_H
#define JAVERT_TCP_H

#include "probes.h"

/* enum in include/net/tcp_states.h */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define TCP_LISTEN 10
#define RCV_SHUTDOWN 1 /* include/net/sock.h */

static __always_inline void server_key(const struct sock *sk, struct endpoint_key *key)
{
	__u8 peer[16];

	__builtin_memset(key, 0, sizeof(*key));
	socket_address(sk, false, key->address);
	socket_address(sk, true, peer);
	key->network_namespace = sk->__sk_common.skc_net.net->ns.inum;
	key->port = sk->__sk_common.skc_num;
	key->transport = IPPROTO_TCP;
	key->role = ROLE_SERVER;
	key->peer_loopback = is_loopback(peer);
}

static __always_inline void payload_counts(struct sock *sk, __u64 *in, __u64 *out)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	*in = *out = 0;
	if (!tp)
		return;
	*in = tp->bytes_received;
	if (*in && (sk->sk_shutdown & RCV_SHUTDOWN))
		--*in; /* the peer's FIN counts as a byte */
	*out = tp->bytes_sent - tp->bytes_retrans;
}

static __always_inline void start_streams(struct sock *sk, struct flow *flow)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp)
		return;
	flow->base_in = tp->rcv_nxt;
	flow->base_out = tp->snd_nxt;
}

/* The socket's slot if it has one. */
static __always_inline struct slot *slot_of(__u64 cookie)
{
	__u32 key = cookie & (SLOTS - 1);
	struct slot *slot = bpf_map_lookup_elem(&slots, &key);

	return slot && slot->cookie == cookie ? slot : NULL;
}

static __always_inline bool take_slot(__u64 cookie, __u32 endpoint, bool prompted)
{
	__u32 key = cookie & (SLOTS - 1);
	struct slot *slot = bpf_map_lookup_elem(&slots, &key);

	if (!slot || __sync_val_compare_and_swap(&slot->cookie, 0, cookie))
		return false;
	slot->endpoint = endpoint;
	slot->prompted = prompted;
	return true;
}

/* A fresh struct flow; only for sockets that are looked at, and the few clients without a slot. */
static __always_inline struct flow *new_flow(struct sock *sk, __u32 endpoint)
{
	struct flow *flow = bpf_sk_storage_get(&flows, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!flow) {
		__sync_fetch_and_add(&state.lost_flows, 1);
		return NULL;
	}
	__builtin_memset(flow, 0, sizeof(*flow));
	flow->endpoint = endpoint;
	flow->network_namespace = sk->__sk_common.skc_net.net->ns.inum;
	return flow;
}

static __always_inline void look_at_flow(struct sock *sk, struct flow *flow)
{
	flow->counted = 1;
	flow->left_in = flow->left_out = FLOW_SEGMENTS;
	start_streams(sk, flow);
}

/* connect(2), in the calling process. */
static __always_inline void client_opens(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct endpoint_key key = {};
	struct css_set *groups;
	struct flow *flow;
	struct file *exe;
	long index;

	if ((__u32)task->tgid == state.self_pid)
		return;
	socket_address(sk, true, key.address);
	groups = task->cgroups;
	if (groups)
		key.cgroup = groups->dfl_cgrp->kn->id;
	exe = task->mm->exe_file;
	if (exe) {
		key.exe_inode = exe->f_inode->i_ino;
		key.exe_device = exe->f_inode->i_sb->s_dev;
	}
	key.uid = task->real_cred->euid.val;
	key.network_namespace = sk->__sk_common.skc_net.net->ns.inum;
	key.port = bpf_ntohs(sk->__sk_common.skc_dport);
	key.transport = IPPROTO_TCP;
	key.role = ROLE_CLIENT;
	key.prompted = is_asked(task);
	index = find_endpoint(&key, task, 0);
	if (index < 0 || take_slot(bpf_get_socket_cookie(sk), index, key.prompted))
		return;
	flow = new_flow(sk, index);
	if (flow)
		flow->prompted = key.prompted;
}

static __always_inline void client_connected(struct sock *sk)
{
	struct slot *slot = slot_of(bpf_get_socket_cookie(sk));
	struct flow *flow = slot ? NULL : bpf_sk_storage_get(&flows, sk, 0, 0);
	__u64 now = bpf_ktime_get_boot_ns();
	struct endpoint *e;
	__u32 index;

	if (!slot && !flow)
		return;
	if (slot ? slot->prompted : flow->prompted)
		note_prompted(sk);
	index = slot ? slot->endpoint : flow->endpoint;
	e = endpoint_at(index);
	if (!e)
		return;
	__sync_fetch_and_add(&e->connections, 1);
	touch(e, now);
	if (!take_sample(e, now))
		return;
	if (!flow)
		flow = new_flow(sk, index);
	if (flow)
		look_at_flow(sk, flow);
}

/* The handshake of an incoming connection is complete; runs in a soft interrupt, in nobody's context. */
static __always_inline void server_accepted(struct sock *sk)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct endpoint_key key;
	struct endpoint *e;
	struct flow *flow;
	long index;

	if (accepts_own(sk)) {
		if (!take_slot(bpf_get_socket_cookie(sk), NO_ENDPOINT, false))
			new_flow(sk, NO_ENDPOINT);
		return;
	}
	server_key(sk, &key);
	key.prompted = accepts_prompted(sk);
	index = find_endpoint(&key, NULL, 0);
	e = endpoint_at(index);
	if (!e)
		return;
	__sync_fetch_and_add(&e->connections, 1);
	touch(e, now);
	take_slot(bpf_get_socket_cookie(sk), index, false);
	if (!take_sample(e, now))
		return;
	flow = new_flow(sk, index);
	if (flow)
		look_at_flow(sk, flow);
}

/* The endpoint of a server's connection that found no slot. */
static __always_inline struct endpoint *endpoint_by_key(struct sock *sk)
{
	struct endpoint_key key;
	__u32 *index;

	server_key(sk, &key);
	index = bpf_map_lookup_elem(&endpoint_index, &key);
	return index ? endpoint_at(*index) : NULL;
}

/* Adds what the connection carried during the run to its endpoint; once, though it may be called twice. */
static __always_inline void settle_bytes(struct sock *sk, struct slot *slot)
{
	struct flow *flow = bpf_sk_storage_get(&flows, sk, 0, 0);
	struct endpoint *e;
	__u64 in, out;

	if ((flow && flow->unresolved) || (slot && slot->endpoint == NO_ENDPOINT))
		return;
	payload_counts(sk, &in, &out);
	if (flow) {
		in -= flow->bytes_in_before;
		out -= flow->bytes_out_before;
		flow->bytes_in_before += in;
		flow->bytes_out_before += out;
	}
	if (!in && !out)
		return;
	if (slot || flow)
		e = endpoint_at(slot ? slot->endpoint : flow->endpoint);
	else
		e = endpoint_by_key(sk);
	if (!e)
		return;
	__sync_fetch_and_add(&e->bytes_in, in);
	__sync_fetch_and_add(&e->bytes_out, out);
	touch(e, bpf_ktime_get_boot_ns());
}

static __always_inline void connection_closed(struct sock *sk, int old)
{
	struct slot *slot = slot_of(bpf_get_socket_cookie(sk));
	struct flow *flow;
	struct endpoint *e;

	if (old == TCP_SYN_SENT) {
		flow = slot ? NULL : bpf_sk_storage_get(&flows, sk, 0, 0);
		e = slot ? endpoint_at(slot->endpoint) : flow ? endpoint_at(flow->endpoint) : NULL;
		if (e) {
			__sync_fetch_and_add(&e->refused, 1);
			touch(e, bpf_ktime_get_boot_ns());
		}
	} else if (old != TCP_CLOSE && old != TCP_SYN_RECV) {
		settle_bytes(sk, slot);
	}
	if (slot)
		slot->cookie = 0;
}

/* listen(2) and the end of it, in the calling process. */
static __always_inline void listener_changed(const struct sock *sk, __u32 type)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct listen_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	struct port_key port = {};
	__u8 one = 1;

	port.network_namespace = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	port.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (type == EVENT_LISTEN)
		bpf_map_update_elem(&listening, &port, &one, BPF_ANY);
	if (type == EVENT_LISTEN)
		tell_cgroup(task);
	if (!event) {
		__sync_fetch_and_add(&state.lost_listens, 1);
		return;
	}
	event->type = type;
	event->pad = event->pad2 = event->pad3 = 0;
	event->time_ns = bpf_ktime_get_boot_ns();
	socket_address(sk, false, event->address);
	event->network_namespace = port.network_namespace;
	event->port = port.port;
	event->socket_inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	event->cookie = 0;
	__builtin_memset(&event->who, 0, sizeof(event->who));
	event->cmdline_length = 0;
	event->exe.length = 0;
	event->exe.truncated = 0;
	if (type == EVENT_LISTEN) {
		describe_task(task, &event->who);
		event->cmdline_length = read_cmdline(task, event->cmdline);
		name_program(task, &event->exe);
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

#endif
