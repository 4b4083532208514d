/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* TCP connections: opened, accepted, closed, and listeners that come and go. */
#ifndef JAVERT_TCP_H
#define JAVERT_TCP_H

#include "probes.h"

/* enum in include/net/tcp_states.h */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_FIN_WAIT1 4
#define TCP_FIN_WAIT2 5
#define TCP_CLOSE 7
#define TCP_CLOSE_WAIT 8
#define TCP_LISTEN 10
#define RCV_SHUTDOWN 1 /* include/net/sock.h */

/* The endpoint at which a connection is accepted, or was; `port` is this side's. */
static __always_inline void server_key(const struct sock *sk, __u16 port, struct endpoint_key *key)
{
	__u8 peer[16];

	__builtin_memset(key, 0, sizeof(*key));
	socket_address(sk, false, key->address);
	socket_address(sk, true, peer);
	key->network_namespace = sk->__sk_common.skc_net.net->ns.inum;
	key->port = port;
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

/* The socket's number; a load where it has one, which is nearly always. */
static __always_inline __u64 cookie_of(struct sock *sk)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;

	return cookie ? cookie : bpf_get_socket_cookie(sk);
}

/* The socket's slot if it has one. */
static __always_inline struct slot *slot_of(__u64 cookie)
{
	__u32 key = cookie & (SLOTS - 1);
	struct slot *slot = bpf_map_lookup_elem(&slots, &key);

	return slot && slot->cookie == cookie ? slot : NULL;
}

/* What is known of a connection, in its slot or kept for its socket; NULL: nothing. */
static __always_inline struct mark *mark_of(struct sock *sk)
{
	struct slot *slot = slot_of(cookie_of(sk));
	struct flow *flow;

	if (slot)
		return &slot->mark;
	flow = bpf_sk_storage_get(&flows, sk, 0, 0);
	return flow ? &flow->mark : NULL;
}

/* What is kept for the socket, made if need be: only for those that are looked at, and the few without a slot. */
static __always_inline struct flow *flow_of(struct sock *sk)
{
	struct flow *flow = bpf_sk_storage_get(&flows, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!flow)
		__sync_fetch_and_add(&state.lost_flows, 1);
	return flow;
}

/* A fresh mark for the socket; NULL: no memory. */
static __always_inline struct mark *new_mark(struct sock *sk, __u64 cookie, __u32 endpoint, __u32 flags)
{
	__u32 key = cookie & (SLOTS - 1);
	struct slot *slot = bpf_map_lookup_elem(&slots, &key);
	struct mark *mark;
	struct flow *flow;
	__u64 holder;

	holder = slot ? __sync_val_compare_and_swap(&slot->cookie, 0, cookie) : ~0ULL;
	if (slot && (!holder || holder == cookie)) { /* a socket that connects again has its own still */
		mark = &slot->mark;
	} else {
		flow = flow_of(sk);
		if (!flow)
			return NULL;
		mark = &flow->mark;
	}
	mark->endpoint = endpoint;
	mark->flags = flags;
	return mark;
}

static __always_inline void look_at_flow(struct sock *sk, struct mark *mark)
{
	struct flow *flow = flow_of(sk);

	if (!flow)
		return;
	flow->mark.endpoint = mark->endpoint;
	flow->network_namespace = sk->__sk_common.skc_net.net->ns.inum;
	flow->left_in = flow->left_out = FLOW_SEGMENTS;
	start_streams(sk, flow);
	mark->flags |= LOOKED_AT;
}

/* The handshake is complete. */
static __always_inline void opened(struct sock *sk, struct mark *mark)
{
	struct endpoint *e = endpoint_at(mark->endpoint);
	__u64 now = bpf_ktime_get_boot_ns();

	mark->flags |= OPENED;
	if (!e)
		return;
	__sync_fetch_and_add(&e->connections, 1);
	touch(e, now);
	if (take_sample(e, now))
		look_at_flow(sk, mark);
}

/* connect(2), in the calling process. */
static __always_inline void client_opens(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct endpoint_key key = {};
	__u64 cookie = cookie_of(sk);
	struct css_set *groups;
	struct file *exe;
	long index;

	if ((__u32)task->tgid == state.self_pid) {
		new_mark(sk, cookie, NO_ENDPOINT, OPENED);
		return;
	}
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
	new_mark(sk, cookie, index < 0 ? NO_ENDPOINT : index, key.prompted ? PROMPTED : 0);
}

static __always_inline void client_connected(struct sock *sk, struct mark *mark)
{
	if (mark->flags & PROMPTED)
		note_prompted(sk);
	opened(sk, mark);
}

static __always_inline void connected(struct sock *sk)
{
	struct mark *mark = mark_of(sk);

	if (mark)
		client_connected(sk, mark);
}

/* The handshake of an incoming connection is complete; runs in a soft interrupt, in nobody's context. */
static __always_inline void server_accepted(struct sock *sk, __u64 cookie)
{
	__u16 port = sk->__sk_common.skc_num;
	struct endpoint_key key;
	struct mark *mark;
	long index;

	if (accepts_own(sk, port)) {
		new_mark(sk, cookie, NO_ENDPOINT, OPENED);
		return;
	}
	server_key(sk, port, &key);
	key.prompted = accepts_prompted(sk, port);
	index = find_endpoint(&key, NULL, 0);
	mark = new_mark(sk, cookie, index < 0 ? NO_ENDPOINT : index, 0);
	if (mark)
		opened(sk, mark);
}

static __always_inline bool is_listening(const struct sock *sk, __u16 port)
{
	struct port_key key = { .network_namespace = sk->__sk_common.skc_net.net->ns.inum, .port = port };

	return bpf_map_lookup_elem(&listening, &key);
}

/*
 * The kernel does not run a tracing program that it interrupted with itself: of two changes of state at once on a
 * processor, in a process and in the soft interrupt on top of it, tcp_state sees the first. What it did not see is made
 * up for here, before the connection's first data, or else when its socket goes.
 */
static __always_inline void make_up_for(struct sock *sk, __u64 cookie, struct mark *mark)
{
	if (mark)
		client_connected(sk, mark);
	else if (state.stock_taken && is_listening(sk, sk->__sk_common.skc_num))
		server_accepted(sk, cookie);
}

/* Adds what the connection carried during the run to its endpoint, and the connection itself if need be; once. */
static __always_inline void settle(struct sock *sk, struct mark *mark)
{
	struct endpoint *e = endpoint_at(mark->endpoint);
	struct flow *flow;
	__u64 in, out;

	if (mark->flags & SETTLED)
		return;
	mark->flags |= SETTLED;
	if (!e)
		return;
	payload_counts(sk, &in, &out);
	if (mark->flags & MIDSTREAM) {
		flow = bpf_sk_storage_get(&flows, sk, 0, 0);
		if (flow) {
			in -= flow->bytes_in_before;
			out -= flow->bytes_out_before;
		}
	}
	if (!(mark->flags & OPENED))
		__sync_fetch_and_add(&e->connections, 1);
	else if (!in && !out)
		return;
	if (in)
		__sync_fetch_and_add(&e->bytes_in, in);
	if (out)
		__sync_fetch_and_add(&e->bytes_out, out);
	touch(e, bpf_ktime_get_boot_ns());
}

static __always_inline void refused(struct mark *mark)
{
	struct endpoint *e = endpoint_at(mark->endpoint);

	mark->flags |= SETTLED;
	if (!e)
		return;
	__sync_fetch_and_add(&e->refused, 1);
	touch(e, bpf_ktime_get_boot_ns());
}

/* A connection without a mark: if one was accepted here, it was while tcp_state could not run. */
static __always_inline void settle_unmarked(struct sock *sk, const struct tcp_sock *tp)
{
	__u16 port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport); /* skc_num is 0 by now */
	struct endpoint_key key;
	struct mark mark = {};
	long index;

	if (!state.stock_taken || !sk->__sk_common.skc_dport || !is_listening(sk, port) || accepts_own(sk, port))
		return;
	server_key(sk, port, &key);
	key.prompted = accepts_prompted(sk, port);
	index = find_endpoint(&key, NULL, 0);
	mark.endpoint = index < 0 ? NO_ENDPOINT : index;
	settle(sk, &mark);
}

static __always_inline void connection_closed(struct sock *sk, int old)
{
	struct mark *mark = mark_of(sk);

	if (!mark)
		return;
	if (old == TCP_SYN_SENT)
		refused(mark);
	else if (old != TCP_CLOSE && old != TCP_SYN_RECV)
		settle(sk, mark);
}

/* The last of a socket: what a change of state that was missed left open is settled now. */
static __always_inline void socket_destroyed(struct sock *sk)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct slot *slot = slot_of(cookie_of(sk));
	struct flow *flow = slot ? NULL : bpf_sk_storage_get(&flows, sk, 0, 0);
	struct mark *mark = slot ? &slot->mark : flow ? &flow->mark : NULL;

	if (!tp)
		return;
	if (!mark)
		settle_unmarked(sk, tp);
	else if (!(mark->flags & SETTLED) && (mark->flags & OPENED || tp->rcv_nxt))
		settle(sk, mark);
	else if (!(mark->flags & SETTLED))
		refused(mark);
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
