/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Packets of sockets: first segments of flows that are looked at. Handshakes, acknowledgements and ends leave after a few
 * loads, other packets after one look-up.
 */
#ifndef JAVERT_PACKET_H
#define JAVERT_PACKET_H

#include "tcp.h"

struct packet {
	__u8 peer[16];
	__u8 local[16];
	__u16 peer_port;
	__u16 local_port;
	__u32 payload; /* offset of the first byte */
	__u32 length;  /* of the payload */
	__u32 sequence;
	__u8 transport;
};

#define IPV6_HEADERS 8 /* extension headers that are followed */

/* Follows the extension headers of IPv6 (RFC 8200, section 4). False: a fragment other than the first, or too many. */
static __always_inline bool behind_extensions(struct __sk_buff *skb, __u8 *next, __u32 *at)
{
	__u8 header[4];

	for (int i = 0; i < IPV6_HEADERS; i++) {
		switch (*next) {
		case 0: /* hop-by-hop options */
		case 43: /* routing */
		case 60: /* destination options */
		case 44: /* fragment */
		case 51: /* authentication */
			break;
		default:
			return true;
		}
		if (bpf_skb_load_bytes(skb, *at, header, 4))
			return false;
		if (*next == 44 && (header[2] || header[3] & 0xf8))
			return false;
		*at += *next == 44 ? 8 : *next == 51 ? (header[1] + 2) * 4 : (header[1] + 1) * 8;
		*next = header[0];
	}
	return false;
}

/* Reads the headers from the start of the IP header. False: not TCP or UDP, or a fragment other than the first. */
static __always_inline bool read_headers(struct __sk_buff *skb, int direction, struct packet *p)
{
	__u8 ip[40], transport[20];
	__u32 at, total;
	__u16 source, target;

	if (bpf_skb_load_bytes(skb, 0, ip, 20))
		return false;
	if ((ip[0] >> 4) == 4) {
		if (((ip[6] & 0x1f) << 8) | ip[7])
			return false;
		at = (ip[0] & 15) * 4;
		total = skb->len;
		p->transport = ip[9];
		set_ipv4(p->peer, direction == TO_NETWORK ? *(__be32 *)(ip + 16) : *(__be32 *)(ip + 12));
		set_ipv4(p->local, direction == TO_NETWORK ? *(__be32 *)(ip + 12) : *(__be32 *)(ip + 16));
	} else {
		if (bpf_skb_load_bytes(skb, 0, ip, 40))
			return false;
		at = 40;
		total = skb->len;
		p->transport = ip[6];
		if (!behind_extensions(skb, &p->transport, &at))
			return false;
		__builtin_memcpy(p->peer, direction == TO_NETWORK ? ip + 24 : ip + 8, 16);
		__builtin_memcpy(p->local, direction == TO_NETWORK ? ip + 8 : ip + 24, 16);
	}
	if (p->transport == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, at, transport, 20))
			return false;
		p->sequence = bpf_ntohl(*(__be32 *)(transport + 4));
		p->payload = at + (transport[12] >> 4) * 4;
	} else if (p->transport == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, at, transport, 8))
			return false;
		p->sequence = 0;
		p->payload = at + 8;
	} else {
		return false;
	}
	source = bpf_ntohs(*(__be16 *)transport);
	target = bpf_ntohs(*(__be16 *)(transport + 2));
	p->peer_port = direction == TO_NETWORK ? target : source;
	p->local_port = direction == TO_NETWORK ? source : target;
	p->length = total > p->payload ? total - p->payload : 0;
	return true;
}

/* The network namespace of a socket known only as a struct bpf_sock. */
static __always_inline __u32 namespace_of(struct bpf_sock *bpf_sk)
{
	struct sock *sk = (struct sock *)plain(bpf_sk);

	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline void pass_up(struct __sk_buff *skb, const struct packet *p, __u32 endpoint, __u32 netns,
				    __u32 offset, int direction, __u8 flags)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct segment_event *event;
	__u32 captured = p->length;

	if (!within_budget(now))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&state.lost_segments, 1);
		return;
	}
	event->type = EVENT_SEGMENT;
	event->endpoint = endpoint;
	event->time_ns = now;
	event->cookie = bpf_get_socket_cookie(skb);
	__builtin_memcpy(event->peer, p->peer, 16);
	event->peer_port = p->peer_port;
	event->local_port = p->local_port;
	event->network_namespace = netns;
	event->offset = offset;
	event->length = p->length;
	event->direction = direction;
	event->flags = flags;
	if (captured > SEGMENT_BYTES)
		captured = SEGMENT_BYTES;
	/* The verifier wants the bound on the very register that it passes on. */
	asm volatile("%0 &= 2047" : "+r"(captured));
	if (captured < 1 || captured > SEGMENT_BYTES || bpf_skb_load_bytes(skb, p->payload, event->data, captured))
		captured = 0;
	event->captured = captured;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* The first data on a connection that was open before the run: finds out which side is the server. */
static __always_inline bool resolve(const struct packet *p, struct flow *flow)
{
	struct port_key port = { .network_namespace = flow->network_namespace, .port = p->local_port };
	struct endpoint_key key = {};
	struct endpoint *e;
	long index;

	key.network_namespace = flow->network_namespace;
	key.transport = IPPROTO_TCP;
	if (bpf_map_lookup_elem(&listening, &port)) {
		__builtin_memcpy(key.address, p->local, 16);
		key.role = ROLE_SERVER;
		key.port = p->local_port;
		key.peer_loopback = is_loopback(p->peer);
	} else {
		__builtin_memcpy(key.address, p->peer, 16);
		key.role = ROLE_CLIENT;
		key.port = p->peer_port;
		key.exe_inode = flow->socket_inode;
		key.uid = flow->uid;
		key.midstream = 1;
	}
	index = find_endpoint(&key, NULL, flow->socket_inode);
	e = endpoint_at(index);
	if (!e)
		return false;
	flow->mark.endpoint = index;
	flow->unresolved = 0;
	__sync_fetch_and_add(&e->connections, 1);
	__sync_fetch_and_add(&e->sampled, 1);
	touch(e, bpf_ktime_get_boot_ns());
	return true;
}

/* What is left to be looked at of a packet's connection; NULL: nothing. */
static __always_inline struct flow *looked_at(struct __sk_buff *skb, struct bpf_sock *sk)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct slot *slot = slot_of(cookie);
	struct tcp_sock *full;
	struct flow *flow;

	if (slot && (slot->mark.flags & (OPENED | LOOKED_AT)) == OPENED)
		return NULL;
	flow = bpf_sk_storage_get(&flows, sk, 0, 0);
	if (slot ? slot->mark.flags & OPENED : flow && flow->mark.flags & OPENED)
		return flow;
	if (sk->state != TCP_ESTABLISHED)
		return NULL;
	full = bpf_skc_to_tcp_sock(sk);
	if (full)
		make_up_for((struct sock *)full, cookie, slot ? &slot->mark : flow ? &flow->mark : NULL);
	return bpf_sk_storage_get(&flows, sk, 0, 0);
}

static __always_inline void tcp_segment(struct __sk_buff *skb, struct bpf_sock *sk, int direction)
{
	struct flow *flow = looked_at(skb, sk);
	struct packet p;
	__u32 offset;

	if (!flow || !(direction == TO_NETWORK ? flow->left_out : flow->left_in))
		return;
	if (!read_headers(skb, direction, &p) || !p.length || p.transport != IPPROTO_TCP)
		return;
	if (flow->unresolved && !resolve(&p, flow))
		return;
	if (direction == TO_NETWORK) {
		flow->left_out--;
		offset = p.sequence - flow->base_out;
	} else {
		flow->left_in--;
		offset = p.sequence - flow->base_in;
	}
	pass_up(skb, &p, flow->mark.endpoint, flow->network_namespace, offset, direction,
		flow->mark.flags & MIDSTREAM ? SEGMENT_MIDSTREAM : 0);
}

/* Data on the packet that completes a handshake arrives at the listener (TCP_DEFER_ACCEPT, fast clients). */
static __always_inline void data_at_listener(struct __sk_buff *skb, struct bpf_sock *sk)
{
	struct packet p;

	if (!read_headers(skb, FROM_NETWORK, &p) || !p.length || p.transport != IPPROTO_TCP)
		return;
	if (state.own_flows && own_client(p.peer, namespace_of(sk), p.peer_port, p.local_port))
		return;
	pass_up(skb, &p, 0, 0, 0, FROM_NETWORK, SEGMENT_AT_LISTENER);
}

static __always_inline void count_datagram(struct endpoint *e, struct udp_flow *flow, const struct packet *p,
					   int direction, __u64 now)
{
	if (!flow->counted) {
		flow->counted = 1;
		__sync_fetch_and_add(&e->connections, 1);
		if (take_sample(e, now))
			flow->left_in = flow->left_out = FLOW_SEGMENTS;
	}
	__sync_fetch_and_add(direction == TO_NETWORK ? &e->bytes_out : &e->bytes_in, p->length);
	touch(e, now);
}

/* Whether this comes from another port of a host that the socket has sent to: an answer (TFTP, RFC 1350 section 4). */
static __always_inline bool answers_elsewhere(const struct udp_flow_key *flow_key, struct udp_flow *flow)
{
	struct udp_flow_key any_port = *flow_key;
	struct udp_flow *asked;

	any_port.peer_port = 0;
	asked = bpf_map_lookup_elem(&udp_flows, &any_port);
	if (!asked)
		return false;
	flow->endpoint = asked->endpoint;
	flow->role = ROLE_CLIENT;
	flow->network_namespace = asked->network_namespace;
	return true;
}

/* Notes who asked, so that an answer from another socket is known as one; not among equals that use one port both ways. */
static __always_inline void note_asker(const struct packet *p, __u32 network_namespace, __u32 endpoint)
{
	struct own_flow_key key = {};

	if (p->peer_port == p->local_port)
		return;
	__builtin_memcpy(key.address, p->peer, 16);
	key.network_namespace = network_namespace;
	key.client_port = p->peer_port;
	bpf_map_update_elem(&udp_askers, &key, &endpoint, BPF_ANY);
}

/* A datagram of a flow that no hook announced: whoever speaks first is the client. */
static __always_inline bool new_udp_flow(struct bpf_sock *sk, const struct packet *p, int direction, bool connected,
					 struct udp_flow *flow)
{
	struct endpoint_key key = {};
	long index;

	flow->network_namespace = namespace_of(sk);
	if (state.own_flows && (own_client(p->peer, flow->network_namespace, p->peer_port, 0) ||
				own_client(p->local, flow->network_namespace, p->local_port, 0)))
		return false;
	flow->role = direction == FROM_NETWORK && !connected ? ROLE_SERVER : ROLE_CLIENT;
	key.network_namespace = flow->network_namespace;
	key.transport = IPPROTO_UDP;
	key.role = flow->role;
	if (flow->role == ROLE_SERVER) {
		__builtin_memcpy(key.address, p->local, 16);
		key.port = p->local_port;
		key.peer_loopback = is_loopback(p->peer);
	} else {
		__builtin_memcpy(key.address, p->peer, 16);
		key.port = p->peer_port;
		key.midstream = 1;
	}
	index = find_endpoint(&key, NULL, 0);
	if (index < 0)
		return false;
	flow->endpoint = index;
	if (flow->role == ROLE_SERVER)
		note_asker(p, flow->network_namespace, index);
	return true;
}

static __always_inline void udp_datagram(struct __sk_buff *skb, struct bpf_sock *sk, int direction)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct udp_flow_key key = {};
	struct udp_flow fresh = {}, *flow;
	struct endpoint *e;
	struct packet p;

	if (!read_headers(skb, direction, &p) || p.transport != IPPROTO_UDP)
		return;
	key.cookie = bpf_get_socket_cookie(skb);
	__builtin_memcpy(key.peer, p.peer, 16);
	key.peer_port = p.peer_port;
	flow = bpf_map_lookup_elem(&udp_flows, &key);
	if (!flow) {
		if (!(direction == FROM_NETWORK && answers_elsewhere(&key, &fresh)) &&
		    !new_udp_flow(sk, &p, direction, sk->dst_port != 0, &fresh))
			return;
		bpf_map_update_elem(&udp_flows, &key, &fresh, BPF_ANY);
		flow = bpf_map_lookup_elem(&udp_flows, &key);
		if (!flow)
			return;
	}
	e = endpoint_at(flow->endpoint);
	if (!e)
		return;
	count_datagram(e, flow, &p, direction, now);
	if (!p.length || !(direction == TO_NETWORK ? flow->left_out : flow->left_in))
		return;
	if (direction == TO_NETWORK)
		flow->left_out--;
	else
		flow->left_in--;
	pass_up(skb, &p, flow->endpoint, flow->network_namespace, 0, direction, SEGMENT_UDP);
}

/* Whether this is a TCP packet that is sure to hold nothing behind its headers: a few loads tell, without any helper. */
static __always_inline bool headers_only(struct __sk_buff *skb)
{
	__u8 *ip = (void *)(long)skb->data, *end = (void *)(long)skb->data_end, *tcp;
	__u32 length;

	if (ip + 40 > end)
		return false;
	if ((ip[0] >> 4) == 4) {
		if (ip[9] != IPPROTO_TCP)
			return false;
		length = (ip[0] & 15) * 4;
	} else {
		if (ip[6] != IPPROTO_TCP)
			return false;
		length = 40;
	}
	tcp = ip + length;
	if (tcp + 20 > end)
		return false;
	return skb->len <= length + (tcp[12] >> 4) * 4;
}

static __always_inline void look_at(struct __sk_buff *skb, int direction)
{
	struct bpf_sock *sk;

	if (headers_only(skb))
		return;
	sk = skb->sk;
	if (!sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return;
	if (sk->protocol == IPPROTO_TCP) {
		if (sk->state == TCP_LISTEN) {
			if (direction == FROM_NETWORK)
				data_at_listener(skb, sk);
			return;
		}
		tcp_segment(skb, sk, direction);
	} else if (sk->protocol == IPPROTO_UDP) {
		udp_datagram(skb, sk, direction);
	}
}

/* connect(2), sendto(2), sendmsg(2) on a UDP socket, in the calling process, before the packet. */
static __always_inline void udp_sender(struct bpf_sock_addr *ctx, bool ipv6, bool connects)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct udp_flow_key flow_key = {};
	struct udp_flow flow = {};
	struct endpoint_key key = {};
	struct own_flow_key asker = {};
	__u32 *asked;
	long index;

	if (ctx->protocol != IPPROTO_UDP || (__u32)(bpf_get_current_pid_tgid() >> 32) == state.self_pid)
		return;
	if (ipv6) {
		__u32 words[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };

		__builtin_memcpy(key.address, words, 16);
	} else {
		set_ipv4(key.address, ctx->user_ip4);
	}
	key.port = bpf_ntohs(ctx->user_port);
	flow_key.cookie = bpf_get_socket_cookie(ctx);
	__builtin_memcpy(flow_key.peer, key.address, 16);
	flow_key.peer_port = key.port;
	if (bpf_map_lookup_elem(&udp_flows, &flow_key))
		return; /* known, or the answer of a server to its client */
	key.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	key.exe_inode = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	key.exe_device = BPF_CORE_READ(task, mm, exe_file, f_inode, i_sb, s_dev);
	key.uid = BPF_CORE_READ(task, real_cred, euid.val);
	key.network_namespace = namespace_of(ctx->sk);
	if (state.own_flows && own_client(key.address, key.network_namespace, key.port, 0))
		return; /* the answer of a server to Javert */
	__builtin_memcpy(asker.address, key.address, 16);
	asker.network_namespace = key.network_namespace;
	asker.client_port = key.port;
	asked = bpf_map_lookup_elem(&udp_askers, &asker);
	if (asked) { /* the answer of a server, from a socket made for it */
		flow.endpoint = *asked;
		flow.role = ROLE_SERVER;
		flow.network_namespace = key.network_namespace;
		bpf_map_update_elem(&udp_flows, &flow_key, &flow, BPF_ANY);
		return;
	}
	key.transport = IPPROTO_UDP;
	key.role = ROLE_CLIENT;
	key.prompted = is_asked(task);
	index = find_endpoint(&key, task, 0);
	if (index < 0)
		return;
	flow.endpoint = index;
	flow.role = ROLE_CLIENT;
	flow.network_namespace = key.network_namespace;
	bpf_map_update_elem(&udp_flows, &flow_key, &flow, BPF_ANY);
	if (connects)
		return; /* then nobody else can answer */
	flow_key.peer_port = 0;
	bpf_map_update_elem(&udp_flows, &flow_key, &flow, BPF_ANY);
}

#endif
