// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Who talks with whom, counted in the kernel; the first segments of some flows of each endpoint go to user space.
 *
 * Hooks, why these, and since when:
 *   tp_btf/inet_sock_set_state  every TCP connection's beginning and end, however short, and every listener; CLOSE ->
 *                               SYN_SENT runs in the connecting process (tracepoint 4.16, tp_btf 5.5, socket storage in
 *                               tracing programs 5.11, socket cookies and atomic compare 5.12)
 *   tp_btf/tcp_destroy_sock     the last of a connection (4.16)
 *   cgroup_skb                  every IP packet of every socket, loopback and namespaces included, with the socket (4.10)
 *   cgroup/connect, sendmsg     the process behind a UDP flow (4.17, 4.18)
 *   iter/tcp                    connections that were open before the run or are open at its end (5.9)
 * No fentry, no kprobe: hardened kernels refuse them.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "tcp.h"
#include "packet.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int old, int new)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (new == TCP_SYN_SENT)
		client_opens(sk);
	else if (new == TCP_ESTABLISHED && old == TCP_SYN_SENT)
		connected(sk);
	else if (new == TCP_ESTABLISHED && old == TCP_SYN_RECV)
		server_accepted(sk, cookie_of(sk));
	else if (new == TCP_LISTEN)
		listener_changed(sk, EVENT_LISTEN);
	else if (new == TCP_CLOSE && old == TCP_LISTEN) /* LISTEN -> SYN_RECV is a child taking its parent's copy */
		listener_changed(sk, EVENT_UNLISTEN);
	else if (new == TCP_CLOSE)
		connection_closed(sk, old);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(tcp_destroyed, struct sock *sk)
{
	socket_destroyed(sk);
	return 0;
}

SEC("cgroup_skb/ingress")
int packet_in(struct __sk_buff *skb)
{
	look_at(skb, FROM_NETWORK);
	return 1;
}

SEC("cgroup_skb/egress")
int packet_out(struct __sk_buff *skb)
{
	look_at(skb, TO_NETWORK);
	return 1;
}

SEC("cgroup/connect4")
int udp_connect4(struct bpf_sock_addr *ctx)
{
	udp_sender(ctx, false, true);
	return 1;
}

SEC("cgroup/connect6")
int udp_connect6(struct bpf_sock_addr *ctx)
{
	udp_sender(ctx, true, true);
	return 1;
}

SEC("cgroup/sendmsg4")
int udp_sendmsg4(struct bpf_sock_addr *ctx)
{
	udp_sender(ctx, false, false);
	return 1;
}

SEC("cgroup/sendmsg6")
int udp_sendmsg6(struct bpf_sock_addr *ctx)
{
	udp_sender(ctx, true, false);
	return 1;
}

/* Whether data may come or go still: also when one side has said that it will send no more. */
static __always_inline bool is_open(int state)
{
	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSE_WAIT;
}

/* Start: marks what is open, so that its first segment is noticed. End: adds what is still open to the counts. */
SEC("iter/tcp")
int open_connections(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	bool open;
	struct mark *mark;
	struct flow *flow;
	struct sock *sk;

	if (!common)
		return 0;
	/* It leads to the fields behind struct sock_common, and is NULL for what is half open or waits its time out. */
	sk = (struct sock *)bpf_skc_to_tcp_sock(common);
	if (!sk || sk->__sk_common.skc_state == TCP_LISTEN)
		return 0;
	mark = mark_of(sk);
	open = is_open(sk->__sk_common.skc_state);
	if (state.walk_stops) {
		if (mark && open)
			settle(sk, mark);
		return 0;
	}
	if (mark)
		return 0; /* opened since the programs were attached, or seen already */
	flow = flow_of(sk);
	if (!flow)
		return 0;
	flow->mark.endpoint = NO_ENDPOINT;
	flow->mark.flags = OPENED;
	if (!open)
		return 0; /* it opens or closes just now, and was open before the run */
	flow->mark.flags = OPENED | LOOKED_AT | MIDSTREAM;
	flow->network_namespace = sk->__sk_common.skc_net.net->ns.inum;
	flow->unresolved = 1;
	flow->left_in = flow->left_out = FLOW_SEGMENTS;
	flow->socket_inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	flow->uid = sk->sk_uid.val;
	payload_counts(sk, &flow->bytes_in_before, &flow->bytes_out_before);
	start_streams(sk, flow);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
